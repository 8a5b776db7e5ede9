/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.dmalloc.spi.machine.Cgroup;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/**
 * The peak charge of this process's cgroup since the last reset, which never exceeds the limit. The
 * peak resident set can exceed it: it includes mapped pages of the JDK's files that another program
 * brought in and is charged for.
 *
 * <p>Version 1 resets by a write to the file; version 2 does since Linux 6.12, for the descriptor
 * that was written to. Where neither works, the peak is that since the process began.
 */
final class PeakCharge {
  private static final byte[] RESET = "0\n".getBytes(StandardCharsets.US_ASCII);
  private static final int LONGEST_NUMBER = 32;

  private final @Nullable Path file;
  private @Nullable FileChannel open;

  private PeakCharge(@Nullable Path file) {
    this.file = file;
  }

  /** The peak of a named file; if none is named, of this process's cgroup of version 2. */
  static PeakCharge of(KernelFiles files, String named) {
    if (!named.isEmpty()) {
      return new PeakCharge(Path.of(named));
    }
    return new PeakCharge(
        Cgroup.ofMemory(files, 2)
            .filter(group -> !group.directory().equals(group.mount()))
            .map(group -> group.directory().resolve("memory.peak"))
            .filter(Files::exists)
            .orElse(null));
  }

  void reset() throws IOException {
    close();
    Path target = file;
    if (target != null && Files.isWritable(target)) {
      FileChannel writable = FileChannel.open(target, READ, WRITE, LinkOption.NOFOLLOW_LINKS);
      open = writable;
      try {
        writable.write(ByteBuffer.wrap(RESET), 0);
      } catch (IOException e) {
        // An older kernel: the figure stays that since the process began, an upper bound.
        close();
      }
    }
  }

  /** The peak in bytes; {@link KernelCounts#UNKNOWN} where there is none. */
  long read() throws IOException {
    FileChannel reset = open;
    if (reset != null) {
      // The descriptor that was written to: in version 2 the reset is its own.
      ByteBuffer text = ByteBuffer.allocate(LONGEST_NUMBER);
      int length = reset.read(text, 0);
      return length <= 0
          ? KernelCounts.UNKNOWN
          : Long.parseLong(new String(text.array(), 0, length, StandardCharsets.US_ASCII).strip());
    }
    Path target = file;
    return target == null
        ? KernelCounts.UNKNOWN
        : KernelFiles.ofThisMachine().number(target.toString()).orElse(KernelCounts.UNKNOWN);
  }

  private void close() throws IOException {
    FileChannel old = open;
    open = null;
    if (old != null) {
      old.close();
    }
  }
}
