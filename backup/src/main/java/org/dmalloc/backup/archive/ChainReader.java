/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import static org.dmalloc.backup.archive.PackFormat.PAGE_BYTES;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;

/**
 * Reads pieces from the newest to the oldest, and shows each page once, as the newest has it. What
 * a member lost when it became smaller is not shown. An object is shown after all of it was read
 * and its digest found right.
 *
 * <p>A reader that was interrupted by a failure goes on with {@link #read}, of the same chain or of
 * another one to the same checkpoint: what it has shown it does not show again. One thread.
 */
public final class ChainReader {
  private final BackupStore store;
  private final PageBits shown = new PageBits();

  /** Where pages of older pieces end, by member; those without have ended. */
  private final Map<Integer, Long> limits = new HashMap<>();

  /** The least size of each member at a checkpoint of the deltas that were read. */
  private final Map<Integer, Long> cuts = new HashMap<>();

  private List<MemberState> members = List.of();

  public ChainReader(BackupStore store) {
    this.store = store;
  }

  /** Takes pages. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * Takes a run of pages.
     *
     * @param content whole pages; valid during the call
     */
    void pages(int member, long firstPage, ByteBuffer content) throws MemoryException;
  }

  /** Is told of the bytes that were read from the store. */
  @FunctionalInterface
  public interface Progress {
    void read(long bytes) throws MemoryException;
  }

  /** The members at the checkpoint, as its newest piece has them; reads that piece's root. */
  public List<MemberState> members(Chain chain) throws MemoryException {
    ObjectRef root = chain.newestFirst().getFirst().root();
    return root == null ? List.of() : PackIndex.read(store, root).members();
  }

  /** Shows the pages of a chain. */
  public void read(Chain chain, Visitor visitor, Progress progress) throws MemoryException {
    limits.clear();
    cuts.clear();
    boolean newest = true;
    for (Piece piece : chain.newestFirst()) {
      ObjectRef ref = piece.root();
      if (ref == null) {
        continue;
      }
      Pack root = Pack.read(store, ref);
      if (newest) {
        members = root.members();
        members.forEach(member -> limits.put(member.number(), member.byteSize()));
        newest = false;
      }
      progress.read(ref.byteSize());
      show(root, visitor);
      for (ObjectRef part : root.parts()) {
        show(Pack.read(store, part), visitor);
        progress.read(part.byteSize());
      }
      if (!piece.isBase()) {
        cut(root.members());
      }
    }
  }

  /** Older pieces count up to where the member ended at some checkpoint since. */
  private void cut(List<MemberState> here) {
    Set<Integer> present = new HashSet<>();
    for (MemberState member : here) {
      present.add(member.number());
      cuts.merge(member.number(), member.cut(), Math::min);
      limits.computeIfPresent(member.number(), (number, limit) -> Math.min(limit, member.cut()));
    }
    limits.keySet().retainAll(present); // those that were added by the piece have nothing below
  }

  private void show(Pack pack, Visitor visitor) throws MemoryException {
    pack.read(
        (member, first, content) -> {
          long limit = limits.getOrDefault(member, 0L);
          int pages = content.remaining() / PAGE_BYTES;
          int from = -1;
          for (int i = 0; i <= pages; i++) {
            boolean show = i < pages && isNew(member, first + i, limit);
            if (show && from < 0) {
              from = i;
            } else if (!show && from >= 0) {
              show(visitor, member, first + from, content, from, i, limit);
              from = -1;
            }
          }
        });
  }

  private boolean isNew(int member, long page, long limit) {
    return page < Long.MAX_VALUE / PAGE_BYTES
        && page * PAGE_BYTES < limit
        && shown.add(member, page);
  }

  private static void show(
      Visitor visitor, int member, long first, ByteBuffer content, int from, int to, long limit)
      throws MemoryException {
    ByteBuffer run = content.slice(from * PAGE_BYTES, (to - from) * PAGE_BYTES);
    long end = first * PAGE_BYTES + run.remaining();
    if (end > limit) { // the last page, and the member ended in the middle of it
      byte[] copy = new byte[run.remaining()];
      run.get(0, copy, 0, (int) (limit - first * PAGE_BYTES));
      run = ByteBuffer.wrap(copy);
    }
    visitor.pages(member, first, run);
  }

  /** The members at the checkpoint that was read. */
  public List<MemberState> members() {
    return members;
  }

  /** The same with the least size that each had since the oldest delta that was read. */
  public List<MemberState> mergedMembers() {
    return members.stream()
        .map(member -> member.withCut(cuts.getOrDefault(member.number(), member.byteSize())))
        .toList();
  }

  /** Whether a page was shown; what was not is zero. */
  public boolean wasShown(int member, long page) {
    return shown.has(member, page);
  }
}
