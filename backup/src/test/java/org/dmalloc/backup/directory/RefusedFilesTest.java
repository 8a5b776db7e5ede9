/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.directory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What is said of a file that cannot be read or made: the exceptions of Java give no reason. */
final class RefusedFilesTest {
  private static final Path HEAD = Path.of("/backups/heads/1");

  private static String message(IOException refusal) {
    return String.valueOf(DurableFiles.refused("replace", HEAD, refusal).getMessage());
  }

  private static String saying(String reason) {
    return "replace /backups/heads/1: " + reason + "; check its space, permissions and device";
  }

  @Test
  void theReasonIsNamed() {
    assertEquals(
        saying("no permission for /backups"), message(new AccessDeniedException("/backups")));
    assertEquals(
        saying("/backups is not there, and cannot be made"),
        message(new NoSuchFileException("/backups")));
    assertEquals(saying("there is no such file"), message(new NoSuchFileException(HEAD + "")));
    assertEquals(
        saying("Not a directory"),
        message(new FileSystemException("/backups", null, "Not a directory")));
  }
}
