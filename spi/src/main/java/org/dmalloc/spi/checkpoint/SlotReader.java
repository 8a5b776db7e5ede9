/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.LatestRuns.Placed;
import org.dmalloc.spi.checkpoint.SlotFormat.Attempt;
import org.dmalloc.spi.checkpoint.SlotFormat.Head;
import org.dmalloc.spi.checkpoint.SlotFormat.Index;
import org.dmalloc.spi.checkpoint.SlotFormat.Run;
import org.dmalloc.spi.checkpoint.SlotFormat.Seal;
import org.jspecify.annotations.Nullable;

/** Reads what a slot has, and believes nothing that a checksum does not prove. */
final class SlotReader {
  private static final int PAGE = PageFormat.PAGE;

  private final JournalDisk disk;
  private final Path path;
  private final UUID journal;

  SlotReader(JournalDisk disk, Path path, UUID journal) {
    this.disk = disk;
    this.path = path;
    this.journal = journal;
  }

  /**
   * What a slot turned out to have.
   *
   * @param number of the checkpoint that its first page begins; 0 if that is no valid one
   * @param seal null if the checkpoint is not sealed, or not whole
   * @param flaw why it is not, in words; empty if it is
   */
  record Found(long number, @Nullable Seal seal, List<Placed> runs, String flaw) {
    static Found none(long number, String flaw) {
      return new Found(number, null, List.of(), flaw);
    }
  }

  /** Reads all but the content. */
  Found examine() throws IOException {
    ByteBuffer page = page(0);
    Head head = Head.decode(page);
    if (head == null) {
      return Found.none(0, disk.length() == 0 ? "it is empty" : "its first page is not valid");
    }
    if (!head.journal().equals(journal)) {
      return Found.none(0, "it belongs to another journal, " + head.journal());
    }
    Attempt attempt = head.attempt();
    CRC32C digest = new CRC32C();
    digest(digest, page);
    List<Placed> runs = new ArrayList<>();
    long position = PAGE;
    for (int batch = 0; ; batch++) {
      page = page(position);
      if (Seal.isOne(page, attempt)) {
        return sealed(page, position, attempt, batch, (int) digest.getValue(), runs);
      }
      List<Run> listed = Index.decode(page, attempt, batch);
      if (listed == null) {
        return Found.none(
            attempt.number(), "the page at " + position + " is no part of the checkpoint");
      }
      digest(digest, page);
      position += PAGE;
      for (Run run : listed) {
        runs.add(new Placed(run, position, runs.size()));
        position += run.contentBytes();
      }
    }
  }

  private Found sealed(
      ByteBuffer first, long position, Attempt attempt, int batches, int digest, List<Placed> runs)
      throws IOException {
    int parts = Seal.parts(first);
    List<ByteBuffer> pages = new ArrayList<>();
    for (long part = 0; part < parts && position + part * PAGE < disk.length(); part++) {
      pages.add(page(position + part * PAGE));
    }
    Seal seal = pages.size() == parts && parts > 0 ? Seal.decode(pages, attempt) : null;
    if (seal == null
        || seal.batches() != batches
        || seal.bytes() != position
        || seal.digest() != digest) {
      return Found.none(
          attempt.number(), "the seal at " + position + " does not fit what is before it");
    }
    return new Found(attempt.number(), seal, List.copyOf(runs), "");
  }

  /** Reads the content too; what is whole is really there. */
  Found verify() throws IOException {
    Found found = examine();
    if (found.seal() != null) {
      Content content = new Content(found.runs());
      for (Placed placed : found.runs()) {
        if (!placed.run().zero() && !content.load(placed)) {
          return Found.none(found.number(), Content.flaw(placed));
        }
      }
    }
    return found;
  }

  /** The checkpoint, if the slot has that one whole but for its content. */
  @Nullable Sealed open(long number) throws IOException {
    Found found = examine();
    Seal seal = found.seal();
    return seal == null || found.number() != number ? null : new Sealed(this, seal, found.runs());
  }

  private ByteBuffer page(long position) throws IOException {
    ByteBuffer page = PageFormat.page();
    disk.read(position, page);
    return page.rewind();
  }

  private static void digest(CRC32C digest, ByteBuffer page) {
    int checksum = page.getInt(PageFormat.CHECKSUM_AT);
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      digest.update(checksum >>> shift);
    }
  }

  /** The content of one run after another. */
  private final class Content {
    private final ByteBuffer bytes;
    private @Nullable Placed loaded;

    Content(List<Placed> runs) {
      long most = runs.stream().mapToLong(placed -> placed.run().contentBytes()).max().orElse(0);
      bytes = ByteBuffer.allocateDirect((int) most);
    }

    /** False if it is not what its checksum says. */
    boolean load(Placed placed) throws IOException {
      if (placed.equals(loaded)) {
        return true;
      }
      loaded = null;
      bytes.clear().limit((int) placed.run().contentBytes());
      disk.read(placed.position(), bytes);
      boolean whole = PageFormat.checksum(bytes.flip()) == placed.run().checksum();
      loaded = whole ? placed : null;
      return whole;
    }

    ByteBuffer part(long firstPage, long pages) {
      long start = (firstPage - Objects.requireNonNull(loaded).run().firstPage()) * PAGE;
      return bytes.slice((int) start, (int) pages * PAGE).asReadOnlyBuffer();
    }

    static String flaw(Placed placed) {
      return "the content at " + placed.position() + " fails its checksum";
    }
  }

  /** A checkpoint in a slot. */
  static final class Sealed implements Journal.Sealed {
    private final SlotReader reader;
    private final Seal seal;
    private final LatestRuns runs;

    private Sealed(SlotReader reader, Seal seal, List<Placed> runs) {
      this.reader = reader;
      this.seal = seal;
      this.runs = new LatestRuns(runs);
    }

    @Override
    public long number() {
      return seal.attempt().number();
    }

    @Override
    public Instant at() {
      return seal.at();
    }

    @Override
    public List<Journal.State> members() {
      return seal.members();
    }

    @Override
    public long pages(int member) {
      return runs.pages(member);
    }

    @Override
    public void read(Journal.Visitor visitor) throws MemoryException {
      Content content = reader.new Content(runs.all());
      JournalErrors.run(
          "read",
          -1,
          reader.path,
          () ->
              runs.visit(
                  (placed, firstPage, pages) -> show(placed, firstPage, pages, content, visitor)));
    }

    private void show(
        Placed placed, long firstPage, long pages, Content content, Journal.Visitor visitor)
        throws IOException {
      int member = placed.run().member();
      if (placed.run().zero()) {
        visitor.zeros(member, firstPage * PAGE, pages * PAGE);
      } else if (content.load(placed)) {
        visitor.pages(member, firstPage * PAGE, content.part(firstPage, pages));
      } else {
        throw JournalErrors.damaged(
            "read", reader.path, "checkpoint " + number() + ": " + Content.flaw(placed));
      }
    }
  }
}
