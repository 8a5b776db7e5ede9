/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * The open group of a journal: makes checkpoints of its regions.
 *
 * <p><b>Threads.</b> The caller of a checkpoint writes it to the journal; the {@link Applier}'s
 * thread writes it to the files; that of the {@link BoundKeeper} counts private bytes and makes
 * automatic checkpoints.
 *
 * <p><b>Locks</b>, in this order: {@code turn}, held by whoever changes what the last checkpoint is
 * or ends or resizes a region; {@code pages}, which guards the sets of the members; then the gate
 * is shut. A thread inside a section takes neither.
 *
 * <p><b>Why no store is lost.</b> A page is armed before it is copied, so a store after the copy
 * makes it changed again. From arming on it is owed until a checkpoint that has it is sealed. Its
 * private copy goes with the gate shut only, when the file has it, and it is neither owed, nor in a
 * later checkpoint, nor stored to since it was armed.
 */
final class CheckpointEngine implements CarriedGroup {
  /** How long others wait at most for a section that stays open; then they go on for as long. */
  private static final long SHUT_NANOS = 50_000_000;

  final ReentrantLock turn = new ReentrantLock(true);
  final ReentrantLock pages = new ReentrantLock(true);
  final SectionGate gate = SectionGate.ofGroup();
  final Journal journal;
  final CheckpointOptions options;
  final long bound;
  final Applier applier;

  private final long sectionTimeoutNanos;
  private final BoundKeeper keeper;
  private final Map<Integer, Member> members = new TreeMap<>();
  private final Carrying carrying = new Carrying(this);

  private volatile CheckpointStatus.@Nullable Cost last;
  private volatile @Nullable String failure;

  /** Why sections are refused until the group has gone back to a checkpoint; guarded by turn. */
  private volatile @Nullable MemoryException broken;

  /** Held while segments are ended, or shown anew. */
  private final Object cutting = new Object();

  /** Guarded by turn. */
  private boolean closed;

  /** What is to be run when the pages are free; guarded by turn. */
  private @Nullable Action deferred;

  /**
   * Opens the group.
   *
   * @param journal all of which is applied; closed with the last member
   * @param defaultBound of private bytes, where the options have none
   */
  CheckpointEngine(
      Journal journal, CheckpointOptions options, long defaultBound, long sectionTimeoutNanos) {
    this.journal = journal;
    this.options = options;
    this.bound = options.privateBytes() == 0 ? defaultBound : options.privateBytes();
    this.sectionTimeoutNanos = sectionTimeoutNanos;
    this.applier = new Applier(this);
    this.keeper = new BoundKeeper(this);
  }

  @Override
  public UUID id() {
    return journal.id();
  }

  @Override
  public String name() {
    String group = journal.group();
    return group.isEmpty() ? String.join(", ", journal.members().values()) : group;
  }

  @Override
  public List<MemoryRegion> regions() {
    return members().stream().<MemoryRegion>map(member -> member.region).toList();
  }

  List<Member> members() {
    synchronized (members) {
      return List.copyOf(members.values());
    }
  }

  Optional<Member> member(String region) {
    return members().stream()
        .filter(member -> region.equals(journal.members().get(member.number)))
        .findFirst();
  }

  void join(Member member) {
    synchronized (members) {
      members.put(member.number, member);
    }
    keeper.start();
  }

  /** Lets a region go that has ended. */
  void leave(Member member) {
    synchronized (members) {
      members.remove(member.number);
    }
  }

  @Override
  public long checkpoint(ProgressListener progress) throws MemoryException {
    return inTurn(
        () -> {
          requireWhole("checkpoint");
          return make(progress);
        });
  }

  /** Work that has the turn. */
  @FunctionalInterface
  interface Turn<T> {
    T run() throws MemoryException;
  }

  private <T> T inTurn(Turn<T> work) throws MemoryException {
    if (gate.heldByCaller()) {
      throw new IllegalStateException(
          "this thread has an access section open on " + name() + "; close it first");
    }
    turn.lock();
    try {
      if (closed) {
        throw new IllegalStateException("region is closed");
      }
      return work.run();
    } finally {
      turn.unlock();
    }
  }

  /** Makes a checkpoint; has the turn. */
  long make(ProgressListener progress) throws MemoryException {
    try {
      long number = onPages(() -> Cut.of(this, progress).run());
      failure = null;
      return number;
    } catch (MemoryException | RuntimeException e) {
      failure = e.getMessage();
      throw e;
    }
  }

  /** Makes a checkpoint with the gate shut and the pages locked by the caller. */
  private void makeShut() throws MemoryException {
    onPages(
        () -> {
          Cut.atEnd(this).runShut();
          return true;
        });
  }

  /** Runs what reads the pages of members, which may have lost what was behind them. */
  private <T> T onPages(Turn<T> work) throws MemoryException {
    try {
      for (Member member : members()) {
        member.region.requireBacked("checkpoint"); // a cut takes private copies away, too
      }
      T result = work.run();
      BusErrors.deliver();
      return result;
    } catch (InternalError e) {
      throw faulted(BusErrors.require(e));
    }
  }

  private MemoryException faulted(InternalError error) {
    List<Member> all = members();
    for (Member member : all) {
      try {
        member.region.requireBacked("checkpoint");
      } catch (MemoryException e) {
        e.addSuppressed(error);
        return e;
      }
    }
    return all.getFirst().region.faulted("checkpoint", error); // whose page it is nobody tells
  }

  void cost(CheckpointStatus.Cost cost) {
    last = cost;
  }

  /** Says how long it took to write the last checkpoint to the files. */
  void appliedIn(Duration time) {
    CheckpointStatus.Cost cost = last;
    if (cost != null) {
      last =
          new CheckpointStatus.Cost(
              cost.changedBytes(), cost.writtenBytes(), cost.stop(), cost.durable(), time);
    }
  }

  private void requireWhole(String operation) throws MemoryException {
    MemoryException reason = broken;
    if (reason != null) {
      throw MemoryException.of(
          operation,
          -1,
          name(),
          "what is in memory is no checkpoint: " + reason.getMessage(),
          MemoryException.NO_ERRNO,
          "go back to the last one by discard()",
          reason);
    }
  }

  /**
   * Shuts the gate, a moment at a time, so that a section that stays open does not hold up all
   * others until the time is over.
   */
  private void shut() throws MemoryException {
    long deadline = System.nanoTime() + sectionTimeoutNanos;
    while (true) {
      List<Long> holders = gate.shutUnlessHeld(Math.min(sectionTimeoutNanos, SHUT_NANOS));
      if (holders.isEmpty()) {
        return;
      }
      if (System.nanoTime() - deadline >= 0) {
        throw new IllegalStateException(SectionGate.held(holders, sectionTimeoutNanos));
      }
      keeper.watchHolders();
      BoundKeeper.pause(SHUT_NANOS);
    }
  }

  /**
   * Like {@link #shut}, if what is in memory can become a checkpoint; once, if it is to be quick.
   */
  private boolean shutWhole(boolean quick) throws MemoryException {
    if (!quick) {
      shut();
    } else if (!gate.shutUnlessHeld(SHUT_NANOS).isEmpty()) {
      return false;
    }
    try {
      requireWhole("checkpoint");
      return true;
    } catch (MemoryException e) {
      gate.open();
      throw e;
    }
  }

  /** Refuses sections until the group has gone back to a checkpoint; null ends that. */
  private void breakOff(@Nullable MemoryException reason) {
    broken = reason;
    if (reason == null) {
      gate.allow();
    } else {
      gate.refuse(() -> new UncheckedIOException(reason.getMessage(), reason));
    }
  }

  /** Runs work with the gate shut, whatever is in memory; has the turn. */
  private void whileShut(Action work) throws MemoryException {
    pages.lock();
    try {
      shut();
      try {
        work.run();
      } finally {
        gate.open();
      }
    } finally {
      pages.unlock();
    }
  }

  /**
   * Runs work with the gate shut, if what is in memory can become a checkpoint.
   *
   * @param quick to do nothing where a section stays open
   * @return how long the gate was shut; -1 if it was not
   */
  long whileShutAndWhole(boolean quick, Action work) throws MemoryException {
    pages.lock();
    try {
      if (!shutWhole(quick)) {
        return -1;
      }
      long start = System.nanoTime();
      try {
        work.run();
      } finally {
        gate.open();
      }
      return System.nanoTime() - start;
    } finally {
      pages.unlock();
    }
  }

  /** Shuts the gate for pages to be dropped, if no section is open for long; has the pages. */
  boolean drop(long waitNanos, Action work) throws MemoryException {
    if (gate.hasEnded() || !gate.shutUnlessHeld(waitNanos).isEmpty()) {
      return false;
    }
    try {
      work.run();
    } finally {
      gate.open();
    }
    return true;
  }

  @Override
  public void discard() throws MemoryException {
    inTurn(
        () -> {
          applier.awaitApplied(journal.sealed());
          whileShut(
              () -> {
                synchronized (cutting) { // which may just be ending the segments
                  for (Member member : members()) {
                    member.reset();
                  }
                  breakOff(null);
                }
                failure = null;
              });
          return true;
        });
  }

  @Override
  public long replace(PageSource source) throws MemoryException {
    return inTurn(
        () -> {
          applier.awaitApplied(journal.sealed());
          whileShut(
              () -> {
                writeAll(source);
                breakOff(
                    MemoryException.of(
                        "replace",
                        name(),
                        "checkpoint " + journal.sealed() + " is not in the files yet",
                        "go on by discard()"));
                for (Member member : members()) {
                  member.reset();
                }
                applier.awaitApplied(journal.sealed());
                breakOff(null);
              });
          return journal.sealed();
        });
  }

  private void writeAll(PageSource source) throws MemoryException {
    long number = journal.sealed() + 1;
    applier.awaitFree(number);
    try (Journal.Writer writer = journal.begin(number)) {
      source.read(
          (region, offset, content) -> {
            Member member = member(region).orElseThrow(() -> notOpen("replace", region));
            MemorySegment copy = MemorySegment.ofBuffer(content);
            Objects.checkFromIndexSize(offset, copy.byteSize(), member.memory.pages().byteSize());
            writer.reserve(copy.byteSize());
            writer.write(member.number, offset, copy);
          });
      List<Journal.State> states =
          members().stream()
              .map(
                  each ->
                      new Journal.State(each.number, each.memory.byteSize(), each.state.length()))
              .toList();
      writer.seal(states);
      sealed(number, states, false);
    }
  }

  /**
   * A checkpoint counts; has the turn and the pages.
   *
   * @param owed whether it has what was owed, or that is of no use any more
   */
  void sealed(long number, List<Journal.State> states, boolean owed) {
    for (Member member : members()) {
      if (!owed) {
        member.owed.clear();
      }
      for (Journal.State state : states) {
        if (state.member() == member.number) {
          member.sealed(number, state);
        }
      }
    }
    applier.sealed(number);
    keeper.admit();
  }

  private MemoryException notOpen(String operation, String region) {
    return MemoryException.of(
        operation, region, "it is not open in the group " + name(), "open it first");
  }

  @Override
  public List<String> allNames() {
    return List.copyOf(journal.members().values());
  }

  @Override
  public Last last(String region) throws MemoryException {
    Member member = member(region).orElseThrow(() -> notOpen("read", region));
    Journal.State state = member.state;
    return new Last(
        id(),
        journal.group(),
        member.number,
        journal.sealed(),
        journal.sealedAt(),
        state.byteSize(),
        state.length());
  }

  @Override
  public void betweenCheckpoints(Work work) throws MemoryException {
    inTurn(
        () -> {
          carrying.run(work);
          return true;
        });
  }

  @Override
  public void unsaved(String region, SealedCheckpoint.PageVisitor visitor) throws MemoryException {
    requireWhole("read");
    carrying.show(member(region).orElseThrow(() -> notOpen("read", region)), region, visitor);
  }

  /** Lets sections begin again that wait for a checkpoint; has the turn. */
  void admit() {
    keeper.admit();
  }

  @Override
  public void awaitApplied() throws MemoryException {
    applier.awaitApplied(journal.sealed());
  }

  @Override
  public CheckpointStatus status() {
    return new CheckpointStatus(
        journal.sealed(),
        journal.sealedAt(),
        journal.applied(),
        keeper.privateBytes(),
        bound,
        journalBytes(),
        last,
        failureNow());
  }

  private long journalBytes() {
    try {
      return journal.byteSize();
    } catch (MemoryException e) {
      return 0; // its directory is gone, which the next checkpoint tells
    }
  }

  private @Nullable String failureNow() {
    MemoryException reason = broken;
    if (reason != null) {
      return reason.getMessage();
    }
    String refused = keeper.refusal();
    String unapplied = applier.failure();
    return refused != null ? refused : unapplied != null ? unapplied : failure;
  }

  @Override
  public Following follow(long after, Follower follower) {
    return applier.follow(after, follower);
  }

  @Override
  public void readApplied(String region, long offset, MemorySegment into) throws MemoryException {
    Member member = member(region).orElseThrow(() -> notOpen("read", region));
    Objects.checkFromIndexSize(offset, into.byteSize(), member.memory.pages().byteSize());
    try {
      member.file.read(offset, into.asByteBuffer());
    } catch (IOException e) {
      throw Errno.exception("read", into.byteSize(), region, e);
    }
    member.region.requireBacked("read"); // behind the end of a file there are zeros
  }

  /**
   * Cuts sections off that take far more than the bound: all segments end, and no section begins
   * before the group has gone back to a checkpoint. Called beside whoever waits for them.
   */
  void cutOff(long privateBytes) {
    synchronized (cutting) {
      if (broken == null) {
        cutOffNow(privateBytes);
      }
    }
  }

  private void cutOffNow(long privateBytes) {
    breakOff(
        MemoryException.of(
            "acquire",
            privateBytes,
            name(),
            "a section changed far more than the bound of " + bound + " private bytes",
            "go back to the last checkpoint by discard(), and store less in a section"));
    for (Member member : members()) {
      member.memory.revoke();
    }
  }

  /** What a section's opening gets while there is no room for its stores. */
  MemoryException full(long privateBytes) {
    return MemoryException.of(
        "acquire",
        privateBytes,
        name(),
        "changed pages take all of the bound of " + bound + " private bytes",
        "make a checkpoint, or discard()");
  }

  /** Whether sections are refused until the group has gone back to a checkpoint. */
  boolean isBroken() {
    return broken != null;
  }

  /**
   * Runs what shuts the gate and resizes or ends a region.
   *
   * @param ends whether it ends the region, which is to be kept as its options say
   */
  void apart(boolean ends, Action work) throws MemoryException {
    turn.lock();
    try {
      if (ends && keepsAtEnd() && !gate.heldByCaller()) {
        try {
          make(ProgressListener.NONE); // most of it before the gate is shut
        } catch (MemoryException | IllegalStateException e) {
          // Once more with the gate shut, which tells.
        }
      }
      pages.lock();
      try {
        work.run();
      } finally {
        pages.unlock();
        runDeferred();
      }
    } finally {
      turn.unlock();
    }
  }

  /** Runs what waits for the group's threads: at once, or when {@link #apart} lets them go on. */
  void afterPages(Action work) throws MemoryException {
    if (pages.isHeldByCurrentThread()) {
      deferred = work;
    } else {
      work.run();
    }
  }

  private void runDeferred() throws MemoryException {
    Action work = deferred;
    deferred = null;
    if (work != null) {
      work.run();
    }
  }

  /** Makes room: an automatic checkpoint, and the private copies that the files have go. */
  void relieveShut() throws MemoryException {
    if (options.automatic()) {
      makeShut();
    }
    applier.awaitApplied(journal.sealed());
    for (Member member : members()) {
      member.sealed.keySet().stream().toList().forEach(member::applied);
      while (!member.applied.isEmpty()) {
        member.dropFirst(Integer.MAX_VALUE, Long.MAX_VALUE);
      }
    }
  }

  private boolean keepsAtEnd() {
    return !closed && broken == null && options.onClose() && !carrying.isUnderWay();
  }

  /** Keeps what was stored at the very last; the gate is shut, and the caller has the locks. */
  void keepLast() throws MemoryException {
    if (keepsAtEnd()) {
      makeShut();
    }
    applier.awaitApplied(journal.sealed());
  }

  /** Makes a checkpoint, and waits until the files have it; as {@link #keepLast}. */
  void keepNow() throws MemoryException {
    requireWhole("resize");
    makeShut();
    applier.awaitApplied(journal.sealed());
  }

  /** Ends the group after its last member has left; has the turn. */
  void close() throws MemoryException {
    closed = true;
    keeper.end();
    applier.end();
    if (journal.members().isEmpty()) {
      journal.delete();
    } else {
      journal.close();
    }
  }
}
