/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files whose blocks are written before they are used. */
final class NewFile {
  private static final int PIECE_BYTES = 4 << 20;

  private NewFile() {}

  /** A file of so many pages, all of them written and durable. */
  static FileChannel of(Path path, int pages) throws IOException {
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(PIECE_BYTES);
      for (int at = 0; at < PIECE_BYTES; at += PageBytes.BYTES) {
        PageBytes.fill(piece, at, at, 0);
      }
      long left = (long) pages * PageBytes.BYTES;
      while (left > 0) {
        long bytes = Math.min(left, PIECE_BYTES);
        write(file, piece.asSlice(0, bytes));
        left -= bytes;
      }
      file.force(true);
      return file;
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** Writes all of it at the file's position. */
  static void write(FileChannel file, MemorySegment content) throws IOException {
    ByteBuffer left = content.asByteBuffer();
    while (left.hasRemaining()) {
      file.write(left);
    }
  }
}
