/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.archive.ChainReader;
import org.dmalloc.backup.directory.DurableFiles;
import org.jspecify.annotations.Nullable;

/** Pages on a local disk for a short time, so that nobody waits for a store while they are used. */
final class PageFile implements ChainReader.Visitor, AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 20;

  private final Path file;
  private final DataOutputStream out;
  private byte[] run = new byte[0];

  private PageFile(Path file, DataOutputStream out) {
    this.file = file;
    this.out = out;
  }

  /** Makes one in a directory; null for that of temporary files. */
  static PageFile create(@Nullable Path directory) throws MemoryException {
    try {
      Path file =
          directory == null
              ? Files.createTempFile("dmalloc", ".pages")
              : Files.createTempFile(directory, "dmalloc", ".pages");
      return new PageFile(
          file,
          new DataOutputStream(
              new BufferedOutputStream(Files.newOutputStream(file), BUFFER_BYTES)));
    } catch (IOException e) {
      throw DurableFiles.refused(
          "make a file for pages", directory == null ? Path.of("") : directory, e);
    }
  }

  @Override
  public void pages(int member, long firstPage, ByteBuffer content) throws MemoryException {
    int length = content.remaining();
    if (run.length < length) {
      run = new byte[length];
    }
    content.get(content.position(), run, 0, length);
    try {
      out.writeInt(member);
      out.writeLong(firstPage);
      out.writeInt(length);
      out.write(run, 0, length);
    } catch (IOException e) {
      throw DurableFiles.refused("write pages", file, e);
    }
  }

  /** Shows all pages in the order in which they came. */
  void read(ChainReader.Visitor visitor) throws MemoryException {
    try {
      out.flush();
      try (DataInputStream in =
          new DataInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES))) {
        for (long left = Files.size(file); left > 0; ) {
          int member = in.readInt();
          long firstPage = in.readLong();
          byte[] content = new byte[in.readInt()];
          in.readFully(content);
          left -= 2 * Integer.BYTES + Long.BYTES + content.length;
          visitor.pages(member, firstPage, ByteBuffer.wrap(content));
        }
      }
    } catch (IOException e) {
      throw DurableFiles.refused("read pages", file, e);
    }
  }

  @Override
  public void close() throws MemoryException {
    try (out) {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw DurableFiles.refused("delete", file, e);
    }
  }
}
