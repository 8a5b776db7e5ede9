/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * Settings of the kernel for one test, which are put back in reverse order when it is closed, and
 * when the JVM ends before that.
 */
final class TemporarySettings implements AutoCloseable {
  private static final Path ROOT = Path.of("/proc/sys/vm");

  private record Before(Path file, long value) {}

  private final Deque<Before> before = new ArrayDeque<>();
  private final Thread atEnd = new Thread(this::putBack);

  TemporarySettings() {
    Runtime.getRuntime().addShutdownHook(atEnd);
  }

  /** Not by Files: it asks for one byte first, and such a file has no second answer. */
  static long get(String name) {
    return KernelFiles.ofThisMachine().number(ROOT.resolve(name).toString()).orElseThrow();
  }

  synchronized void set(String name, long value) throws IOException {
    Path file = ROOT.resolve(name);
    before.push(new Before(file, get(name)));
    Files.writeString(file, Long.toString(value));
  }

  private synchronized void putBack() {
    while (!before.isEmpty()) {
      Before last = before.pop();
      try {
        Files.writeString(last.file, Long.toString(last.value));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    putBack();
    Runtime.getRuntime().removeShutdownHook(atEnd);
  }
}
