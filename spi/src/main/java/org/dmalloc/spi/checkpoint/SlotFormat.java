/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.dmalloc.spi.checkpoint.Journal.State;
import org.jspecify.annotations.Nullable;

/**
 * The pages of a slot: one that says which checkpoint it is, batches of an index page and the
 * content that it lists, and the seal. The nonce, another one at each attempt to write a
 * checkpoint, tells its pages from those that were in the slot before.
 */
final class SlotFormat {
  private static final int PAGE = PageFormat.PAGE;

  private SlotFormat() {}

  /** Which attempt at which checkpoint a page belongs to. */
  record Attempt(long nonce, long number) {
    private static final int NONCE_AT = 16;
    private static final int NUMBER_AT = 24;

    void put(ByteBuffer page) {
      page.putLong(NONCE_AT, nonce).putLong(NUMBER_AT, number);
    }

    static Attempt of(ByteBuffer page) {
      return new Attempt(page.getLong(NONCE_AT), page.getLong(NUMBER_AT));
    }
  }

  /** The first page. */
  record Head(UUID journal, Attempt attempt, Instant begunAt) {
    private static final int VERSION_AT = 8;
    private static final int BEGUN_AT = 32;
    private static final int JOURNAL_AT = 40;

    ByteBuffer encode() {
      ByteBuffer page = PageFormat.page();
      page.putLong(0, PageFormat.SLOT).putInt(VERSION_AT, PageFormat.VERSION);
      attempt.put(page);
      page.putLong(BEGUN_AT, begunAt.toEpochMilli());
      PageFormat.putId(page, JOURNAL_AT, journal);
      PageFormat.seal(page);
      return page;
    }

    /** Null if it is none of this version. */
    static @Nullable Head decode(ByteBuffer page) {
      if (!PageFormat.is(page, PageFormat.SLOT) || page.getInt(VERSION_AT) != PageFormat.VERSION) {
        return null;
      }
      return new Head(
          PageFormat.id(page, JOURNAL_AT),
          Attempt.of(page),
          Instant.ofEpochMilli(page.getLong(BEGUN_AT)));
    }
  }

  /** An index page: runs of pages, whose content follows it in the same order. */
  static final class Index {
    private static final int SEQUENCE_AT = 8;
    private static final int COUNT_AT = 12;
    private static final int ENTRIES_AT = 32;
    private static final int ENTRY_BYTES = 24;
    private static final int PAGES_AT = 8;
    private static final int MEMBER_AT = 12;
    private static final int CHECKSUM_AT = 16;
    private static final int FLAGS_AT = 20;
    private static final int ZERO = 1;

    static final int MOST_ENTRIES = (PageFormat.CHECKSUM_AT - ENTRIES_AT) / ENTRY_BYTES;

    /** So that a reader can hold one, and check it before it shows anything of it. */
    static final int MOST_CONTENT_PAGES = 256;

    private Index() {}

    static void begin(ByteBuffer page) {
      for (int at = 0; at < PAGE; at += Long.BYTES) {
        page.putLong(at, 0);
      }
    }

    static void entry(ByteBuffer page, int index, Run run) {
      int at = ENTRIES_AT + index * ENTRY_BYTES;
      page.putLong(at, run.firstPage());
      page.putInt(at + PAGES_AT, run.pages());
      page.putInt(at + MEMBER_AT, run.member());
      page.putInt(at + CHECKSUM_AT, run.checksum());
      page.putInt(at + FLAGS_AT, run.zero() ? ZERO : 0);
    }

    /** Completes it, and returns its checksum. */
    static int finish(ByteBuffer page, Attempt attempt, int sequence, int count) {
      page.putLong(0, PageFormat.INDEX);
      page.putInt(SEQUENCE_AT, sequence).putInt(COUNT_AT, count);
      attempt.put(page);
      return PageFormat.seal(page);
    }

    /** The runs of an index page; null if it is not that one. */
    static @Nullable List<Run> decode(ByteBuffer page, Attempt attempt, int sequence) {
      int count = page.getInt(COUNT_AT);
      if (!PageFormat.is(page, PageFormat.INDEX)
          || page.getInt(SEQUENCE_AT) != sequence
          || !Attempt.of(page).equals(attempt)
          || count < 0
          || count > MOST_ENTRIES) {
        return null;
      }
      List<Run> runs = new ArrayList<>(count);
      for (int at = ENTRIES_AT; at < ENTRIES_AT + count * ENTRY_BYTES; at += ENTRY_BYTES) {
        Run run =
            new Run(
                page.getInt(at + MEMBER_AT),
                page.getLong(at),
                page.getInt(at + PAGES_AT),
                page.getInt(at + FLAGS_AT) == ZERO,
                page.getInt(at + CHECKSUM_AT));
        if (!run.isSane()) {
          return null;
        }
        runs.add(run);
      }
      return runs;
    }
  }

  /**
   * Successive pages of a member.
   *
   * @param zero whether all are zero; then they have no content in the slot
   * @param checksum of the content
   */
  record Run(int member, long firstPage, int pages, boolean zero, int checksum) {
    boolean isSane() {
      return firstPage >= 0
          && pages > 0
          && firstPage <= Long.MAX_VALUE / PAGE - pages
          && (zero || pages <= Index.MOST_CONTENT_PAGES);
    }

    long contentBytes() {
      return zero ? 0 : (long) pages * PAGE;
    }
  }

  /**
   * What the seal says: one page or more, all of which must be there.
   *
   * @param batches how many index pages the checkpoint has
   * @param bytes where in the slot the seal begins, and all content ends
   * @param digest of the checksums of the first page and all index pages, in order
   */
  record Seal(
      Attempt attempt, int batches, long bytes, int digest, Instant at, List<State> members) {
    private static final int PART_AT = 8;
    private static final int PARTS_AT = 12;
    private static final int BATCHES_AT = 32;
    private static final int DIGEST_AT = 36;
    private static final int BYTES_AT = 40;
    private static final int TIME_AT = 48;
    private static final int MEMBER_COUNT_AT = 56;
    private static final int MEMBERS_AT = 64;
    private static final int MEMBER_BYTES = 24;
    private static final int SIZE_AT = 8;
    private static final int LENGTH_AT = 16;
    private static final int MEMBERS_OF_A_PAGE =
        (PageFormat.CHECKSUM_AT - MEMBERS_AT) / MEMBER_BYTES;

    static int parts(int memberCount) {
      return Math.max(1, (memberCount + MEMBERS_OF_A_PAGE - 1) / MEMBERS_OF_A_PAGE);
    }

    void encode(ByteBuffer pages) {
      int parts = parts(members.size());
      for (int part = 0; part < parts; part++) {
        ByteBuffer page = PageFormat.page();
        page.putLong(0, PageFormat.SEAL).putInt(PART_AT, part).putInt(PARTS_AT, parts);
        attempt.put(page);
        page.putInt(BATCHES_AT, batches).putInt(DIGEST_AT, digest);
        page.putLong(BYTES_AT, bytes).putLong(TIME_AT, at.toEpochMilli());
        page.putInt(MEMBER_COUNT_AT, members.size());
        int first = part * MEMBERS_OF_A_PAGE;
        int end = Math.min(members.size(), first + MEMBERS_OF_A_PAGE);
        for (int member = first; member < end; member++) {
          int place = MEMBERS_AT + (member - first) * MEMBER_BYTES;
          State state = members.get(member);
          page.putInt(place, state.member());
          page.putLong(place + SIZE_AT, state.byteSize());
          page.putLong(place + LENGTH_AT, state.length());
        }
        PageFormat.seal(page);
        pages.put(page);
      }
    }

    static boolean isOne(ByteBuffer page, Attempt attempt) {
      return PageFormat.is(page, PageFormat.SEAL) && Attempt.of(page).equals(attempt);
    }

    /** How many pages the seal has of which that is the first. */
    static int parts(ByteBuffer firstPage) {
      int count = firstPage.getInt(MEMBER_COUNT_AT);
      return count < 0 ? 0 : parts(count);
    }

    /** Null if a page is not one of them, or if they do not agree. */
    static @Nullable Seal decode(List<ByteBuffer> pages, Attempt attempt) {
      ByteBuffer first = pages.getFirst();
      List<State> members = new ArrayList<>();
      int count = first.getInt(MEMBER_COUNT_AT);
      for (int part = 0; part < pages.size(); part++) {
        ByteBuffer page = pages.get(part);
        if (!isOne(page, attempt)
            || page.getInt(PART_AT) != part
            || page.getInt(PARTS_AT) != pages.size()
            || page.getInt(MEMBER_COUNT_AT) != count
            || page.getInt(DIGEST_AT) != first.getInt(DIGEST_AT)) {
          return null;
        }
        int end = Math.min(count - members.size(), MEMBERS_OF_A_PAGE);
        for (int member = 0; member < end; member++) {
          int place = MEMBERS_AT + member * MEMBER_BYTES;
          members.add(
              new State(
                  page.getInt(place),
                  page.getLong(place + SIZE_AT),
                  page.getLong(place + LENGTH_AT)));
        }
      }
      return new Seal(
          attempt,
          first.getInt(BATCHES_AT),
          first.getLong(BYTES_AT),
          first.getInt(DIGEST_AT),
          Instant.ofEpochMilli(first.getLong(TIME_AT)),
          List.copyOf(members));
    }
  }
}
