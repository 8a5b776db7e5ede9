/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/** Opens files once more for calls that go past the page cache (O_DIRECT). */
final class DirectFiles {
  private DirectFiles() {}

  /**
   * Opens the file.
   *
   * @param attach takes the descriptor, to be closed when that drops no lock
   * @throws IOException if the path does not name the file
   * @throws UnsupportedOperationException if Java or the file system has no such calls
   */
  static FileChannel open(
      Path path, FileIdentity file, StandardOpenOption access, Consumer<Closeable> attach)
      throws IOException {
    requireSame(path, file); // nor open a pipe
    FileChannel channel = FileChannel.open(path, access, directOption(), LinkOption.NOFOLLOW_LINKS);
    attach.accept(channel);
    requireSame(path, file);
    return channel;
  }

  private static void requireSame(Path path, FileIdentity file) throws IOException {
    if (!FileIdentity.matches(path, file)) {
      throw new IOException("the path does not name this file any more");
    }
  }

  /** By name, through the platform's loader: it is in the module jdk.unsupported. */
  private static OpenOption directOption() {
    try {
      Class<?> options =
          Class.forName(
              "com.sun.nio.file.ExtendedOpenOption", true, ClassLoader.getPlatformClassLoader());
      return (OpenOption) options.getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException("this Java has no direct I/O", e);
    }
  }
}
