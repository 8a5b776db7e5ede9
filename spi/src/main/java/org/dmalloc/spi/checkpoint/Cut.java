/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.region.LongOperation;
import org.jspecify.annotations.Nullable;

/**
 * Makes one checkpoint. What has changed is written to the journal while users go on, and again
 * what they change meanwhile; then the gate is shut, and the rest copied to memory; it is written
 * when the gate is open again. The turn is the caller's.
 */
final class Cut {
  /** Of a round before the cut: what is copied with the gate shut in about a millisecond. */
  private static final long SMALL_BYTES = 4L << 20;

  private static final int MOST_ROUNDS = 4;

  /** The most that is copied with the gate shut; the rest goes to the journal then. */
  private static final long MOST_STAGED_BYTES = 64L << 20;

  private final CheckpointEngine engine;
  private final List<Member> members;
  private final ProgressListener progress;
  private final String outcome;
  private final long started = System.nanoTime();
  private final long number;

  private Journal.@Nullable Writer writer;
  private long changedBytes;
  private long copiedBytes;
  private long stopNanos;

  private Cut(CheckpointEngine engine, ProgressListener progress, String outcome) {
    this.engine = engine;
    this.members = engine.members();
    this.number = engine.journal.sealed() + 1;
    this.progress = progress;
    this.outcome = outcome;
  }

  /** One that its listener or an interrupt may cancel. */
  static Cut of(CheckpointEngine engine, ProgressListener progress) {
    return new Cut(
        engine, progress, "the last checkpoint stays, and so does what was stored since");
  }

  /** One that nothing cancels. */
  static Cut atEnd(CheckpointEngine engine) {
    return new Cut(engine, ProgressListener.NONE, "");
  }

  /** Some bytes of a member that were copied with the gate shut. */
  private record Staged(Member member, long offset, MemorySegment content) {}

  /** Returns the number of the last checkpoint: the new one, or that before if nothing changed. */
  long run() throws MemoryException {
    Map<Member, PageSet> found = collect();
    if (bytesOf(found) == 0 && !hasNews()) {
      return number - 1;
    }
    try (Arena arena = Arena.ofShared()) {
      try {
        long bytes = bytesOf(found);
        int rounds = members.stream().allMatch(each -> each.memory.tracks()) ? MOST_ROUNDS : 0;
        for (int round = 0; round < rounds && bytes > (round == 0 ? 0 : SMALL_BYTES); round++) {
          write(found);
          found = newlyChanged();
          long next = bytesOf(found);
          if (round > 0 && next > bytes / 2) {
            break;
          }
          bytes = next;
        }
        List<Staged> staged = new ArrayList<>();
        MemorySegment room = arena.allocate(roomFor(found));
        List<Journal.State> states = cut(found, room, staged);
        for (Staged each : staged) {
          writer(each.content.byteSize()).write(each.member.number, each.offset, each.content);
        }
        seal(states);
      } finally {
        closeWriter();
      }
    }
    return number;
  }

  /** Makes it with the gate shut and the pages locked by the caller. */
  void runShut() throws MemoryException {
    Map<Member, PageSet> all = collect();
    if (bytesOf(all) == 0 && !hasNews()) {
      return;
    }
    try {
      write(all);
      seal(states());
    } finally {
      closeWriter();
    }
  }

  /** Arms what has changed; returns all that is owed, from failed attempts too. */
  private Map<Member, PageSet> collect() throws MemoryException {
    Map<Member, PageSet> all = new LinkedHashMap<>();
    engine.pages.lock();
    try {
      for (Member member : members) {
        member.collect();
        all.put(member, member.owed.copy());
      }
    } finally {
      engine.pages.unlock();
    }
    return all;
  }

  private Map<Member, PageSet> newlyChanged() throws MemoryException {
    Map<Member, PageSet> changed = new LinkedHashMap<>();
    engine.pages.lock();
    try {
      for (Member member : members) {
        changed.put(member, member.collect());
      }
    } finally {
      engine.pages.unlock();
    }
    return changed;
  }

  private static long bytesOf(Map<Member, PageSet> sets) {
    return sets.values().stream().mapToLong(PageSet::byteSize).sum();
  }

  /** Whether a size or length is another one, or there is no checkpoint yet. */
  private boolean hasNews() {
    return number == 1
        || members.stream().anyMatch(member -> !member.state.equals(member.stateNow()));
  }

  private static long roomFor(Map<Member, PageSet> lastRound) {
    return Math.min(MOST_STAGED_BYTES, 1 + 2 * Math.max(SMALL_BYTES / 4, bytesOf(lastRound)));
  }

  /** The writer, with space for so many more bytes of pages. */
  private Journal.Writer writer(long bytes) throws MemoryException {
    Journal.Writer open = writer;
    if (open == null) {
      engine.applier.awaitFree(number);
      open = engine.journal.begin(number);
      writer = open;
    }
    open.reserve(bytes);
    return open;
  }

  private void closeWriter() throws MemoryException {
    Journal.Writer open = writer;
    if (open != null) {
      open.close();
    }
  }

  private void write(Map<Member, PageSet> sets) throws MemoryException {
    Journal.Writer to = writer(bytesOf(sets));
    LongOperation operation =
        new LongOperation(
            "checkpoint", engine.name(), copiedBytes + bytesOf(sets), progress, outcome);
    for (Map.Entry<Member, PageSet> entry : sets.entrySet()) {
      Member member = entry.getKey();
      MemorySegment pages = member.memory.pages();
      entry
          .getValue()
          .forEachRun(
              (offset, length) -> {
                operation.checkNotInterrupted(copiedBytes);
                to.write(member.number, offset, pages.asSlice(offset, length));
                copiedBytes += length;
                operation.report(copiedBytes);
              });
    }
  }

  /** Shuts the gate and copies what is left. */
  private List<Journal.State> cut(
      Map<Member, PageSet> lastRound, MemorySegment room, List<Staged> staged)
      throws MemoryException {
    List<Journal.State> states = new ArrayList<>();
    stopNanos =
        engine.whileShutAndWhole(
            false,
            () -> {
              long used = 0;
              for (Member member : members) {
                PageSet rest = member.collect();
                rest.addAll(lastRound.getOrDefault(member, new PageSet()));
                used = stage(member, rest, room, used, staged);
              }
              BusErrors.deliver();
              states.addAll(states());
            });
    return states;
  }

  private long stage(
      Member member, PageSet rest, MemorySegment room, long used, List<Staged> staged)
      throws MemoryException {
    MemorySegment pages = member.memory.pages();
    long[] at = {used};
    rest.forEachRun(
        (offset, length) -> {
          MemorySegment content = pages.asSlice(offset, length);
          if (at[0] + length <= room.byteSize()) {
            MemorySegment copy = room.asSlice(at[0], length);
            copy.copyFrom(content);
            staged.add(new Staged(member, offset, copy));
            at[0] += length;
          } else {
            writer(length).write(member.number, offset, content);
            copiedBytes += length;
          }
        });
    return at[0];
  }

  private List<Journal.State> states() {
    return members.stream().map(Member::stateNow).toList();
  }

  private void seal(List<Journal.State> states) throws MemoryException {
    Journal.Writer to = writer(0);
    to.seal(states);
    long durable = System.nanoTime() - started;
    engine.pages.lock();
    try {
      members.forEach(member -> changedBytes += member.owed.byteSize());
      engine.sealed(number, states, true);
    } finally {
      engine.pages.unlock();
    }
    engine.cost(
        new CheckpointStatus.Cost(
            changedBytes,
            to.writtenBytes(),
            Duration.ofNanos(stopNanos),
            Duration.ofNanos(durable),
            Duration.ZERO));
  }
}
