/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Root and a user without privilege, for tests of what one may do to the other. */
final class Users {
  static final int NOBODY = 65_534;

  private Users() {}

  static boolean isRoot() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
  }

  /** Skips the test, with the reason printed, unless it runs as root and can become nobody. */
  static void becomeRootWithNobody() throws IOException, InterruptedException {
    boolean possible = isRoot() && status(asNobody("true")) == 0;
    String reason = "not root, or no setpriv (util-linux) to give that up";
    if (!possible) {
      System.err.println("skipped: " + reason);
    }
    assumeTrue(possible, reason);
  }

  /** A command as an unprivileged user runs it. */
  static List<String> asNobody(String... command) {
    List<String> words =
        new ArrayList<>(
            List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--"));
    words.addAll(List.of(command));
    return words;
  }

  /** Gives a directory the mode of /tmp. */
  static void openToAll(Path directory) throws IOException, InterruptedException {
    status(List.of("chmod", "1777", directory.toString()));
  }

  /** Runs a program and returns its status; −1 if there is none. */
  static int status(List<String> command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
    }
  }
}
