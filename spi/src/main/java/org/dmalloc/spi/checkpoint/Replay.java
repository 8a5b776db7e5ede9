/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.dmalloc.api.MemoryException;

/** Writes a checkpoint into the files of its members. Done again it does the same. */
final class Replay implements AutoCloseable, Journal.Visitor {
  private final Map<Integer, MemberFile> files = new HashMap<>();
  private final Map<Integer, String> names;
  private final Path journal;
  private final Journal.Sealed checkpoint;

  /**
   * Opens the files.
   *
   * @param names of the members that there are still
   */
  Replay(
      Path journal, Journal.Sealed checkpoint, Map<Integer, String> names, Journal.Members members)
      throws MemoryException {
    this.journal = journal;
    this.checkpoint = checkpoint;
    this.names = names;
    try {
      for (Journal.State state : checkpoint.members()) {
        String region = names.get(state.member());
        if (region != null) {
          members.open(state.member(), region).ifPresent(file -> files.put(state.member(), file));
        }
      }
    } catch (MemoryException | RuntimeException | Error e) {
      try {
        close();
      } catch (IOException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  /**
   * Writes all pages, and waits for the device; then sizes and lengths where they have changed, and
   * waits again.
   */
  void run() throws IOException {
    // All on one thread: to hand each page over would take longer than to write it.
    ChannelJournalDisk.call(
        () -> {
          write();
          return true;
        });
  }

  private void write() throws IOException {
    checkpoint.read(this);
    for (MemberFile file : files.values()) {
      file.sync();
    }
    for (Journal.State state : checkpoint.members()) {
      MemberFile file = files.get(state.member());
      if (file != null && file.settle(state.byteSize(), state.length())) {
        file.sync();
      }
    }
  }

  @Override
  public void pages(int member, long offset, ByteBuffer content) throws MemoryException {
    write(member, content.remaining(), file -> file.write(offset, content));
  }

  @Override
  public void zeros(int member, long offset, long length) throws MemoryException {
    write(member, length, file -> file.zero(offset, length));
  }

  private interface Writing {
    void to(MemberFile file) throws IOException;
  }

  private void write(int member, long bytes, Writing writing) throws MemoryException {
    MemberFile file = files.get(member);
    if (file != null) {
      JournalErrors.run(
          "apply checkpoint " + checkpoint.number(),
          bytes,
          journal.resolveSibling("region " + names.get(member)),
          () -> writing.to(file));
    }
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (MemberFile file : files.values()) {
      try {
        file.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
