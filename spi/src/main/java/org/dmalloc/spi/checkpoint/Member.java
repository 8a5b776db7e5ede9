/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.BackedRegion;

/**
 * An open member of a group, and what is known of its pages. Each page with a private copy is in
 * one of these sets, or was stored to since it was armed:
 *
 * <ul>
 *   <li><i>owed</i>: it was armed since the last checkpoint, whose successor must have it;
 *   <li><i>sealed</i>: a checkpoint has it that is not in the file yet;
 *   <li><i>applied</i>: the file has it, and its private copy may go unless it is in another set.
 * </ul>
 *
 * <p>The sets are guarded by the engine's lock of pages.
 */
final class Member {
  private static final Logger LOG = System.getLogger(Member.class.getName());

  final int number;
  final BackedRegion region;
  final MemberFile file;
  final MemberMemory memory;

  final PageSet owed = new PageSet();
  final SortedMap<Long, PageSet> sealed = new TreeMap<>();
  final PageSet applied = new PageSet();

  static final long UNCUT = -1;

  /** The size that the next checkpoint is to have, with what lies behind cut off; or UNCUT. */
  private long cut = UNCUT;

  /** Whether the log has it that the file was cut short; of the thread that writes to it alone. */
  private boolean cutTold;

  /** What would be owed if it were not to be cut off. */
  private final PageSet behind = new PageSet();

  /** Size and length of the last checkpoint. */
  Journal.State state;

  Member(
      int number, BackedRegion region, MemberFile file, MemberMemory memory, Journal.State state) {
    this.number = number;
    this.region = region;
    this.file = file;
    this.memory = memory;
    this.state = state;
  }

  /** Has the region know whether its file has been cut short, before a write hides it. */
  void noteCut() {
    String lost = region.failure().orElse("");
    if (!lost.isEmpty() && !cutTold) {
      cutTold = true;
      LOG.log(Level.WARNING, "{0}: {1}", region, lost);
    }
  }

  /** Has the next checkpoint cut what lies behind a size. */
  void cutTo(long newByteSize) {
    cut = newByteSize;
  }

  /** That checkpoint has been made. */
  void keepCut() {
    behind.clear();
    applied.removeFrom(cut);
    long size = cut;
    sealed.values().forEach(pages -> pages.removeFrom(size));
  }

  void endCut() {
    cut = UNCUT;
    owed.addAll(behind);
    behind.clear();
  }

  Journal.State stateNow() {
    long length = memory.length();
    return cut == UNCUT
        ? new Journal.State(number, memory.byteSize(), length)
        : new Journal.State(number, cut, Math.min(length, cut));
  }

  /** Arms what was stored to since it was last armed, and owes it. */
  PageSet collect() throws MemoryException {
    PageSet found = new PageSet();
    memory.changed(0, memory.pages().byteSize(), true, found::add);
    owed.addAll(found);
    if (cut != UNCUT) {
      behind.addAll(owed);
      found.removeFrom(cut);
      owed.removeFrom(cut);
    }
    return found;
  }

  /** What takes private memory, in bytes. */
  long privateBytes() throws MemoryException {
    PageSet all = owed.copy();
    all.addAll(applied);
    sealed.values().forEach(all::addAll);
    memory.changed(0, memory.pages().byteSize(), false, all::add);
    return all.byteSize();
  }

  /** What was stored to since it was armed, in bytes; needs no lock. */
  long changedBytes() throws MemoryException {
    PageSet changed = new PageSet();
    memory.changed(0, memory.pages().byteSize(), false, changed::add);
    return changed.byteSize();
  }

  /** Goes back to what the file has; nobody is inside, and all checkpoints are applied. */
  void reset() throws MemoryException {
    memory.dropAll();
    owed.clear();
    applied.clear();
    memory.useLength(state.length());
    region.showAnew();
  }

  /** A checkpoint has all that is owed. */
  void sealed(long checkpoint, Journal.State newState) {
    sealed.put(checkpoint, owed.copy());
    owed.clear();
    state = newState;
  }

  /** The file has a checkpoint. */
  void applied(long checkpoint) {
    PageSet pages = sealed.remove(checkpoint);
    if (pages != null) {
      applied.addAll(pages);
    }
  }

  /** Gives up private copies that the file has, of the first pages; nobody is inside. */
  void dropFirst(int most, long rangeBytes) throws MemoryException {
    LongStream.Builder offsets = LongStream.builder();
    LongStream.Builder byteSizes = LongStream.builder();
    droppable(applied.takeFirst(most, rangeBytes))
        .forEachRun(
            (offset, length) -> {
              offsets.add(offset);
              byteSizes.add(length);
            });
    memory.drop(offsets.build().toArray(), byteSizes.build().toArray());
  }

  /** The pages of these whose private copy may go: the file has all that they have. */
  private PageSet droppable(PageSet candidates) throws MemoryException {
    PageSet pages = candidates.copy();
    PageSet changed = new PageSet();
    memory.changed(pages.start(), pages.end() - pages.start(), false, changed::add);
    if (memory.tracks()) {
      pages.removeAll(changed);
    } else {
      pages.removeAll(Unequal.of(this, changed, pages));
    }
    pages.removeAll(owed);
    sealed.values().forEach(pages::removeAll);
    return pages;
  }
}
