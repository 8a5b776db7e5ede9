/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.measure.chaos.model.Book;
import org.dmalloc.measure.chaos.model.RegionModel;

/**
 * Does acts at random, one after the other, on regions of its own. An act comes out, or is refused
 * and has changed nothing. Anything else ends the hand, which says so.
 *
 * <p>One thread runs it; {@link #end}, {@link #cut} and the counts may be asked by others.
 */
public final class Hand {
  private static final int REPORTED_FRAMES = 12;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long RETRY_NANOS = 100_000_000;

  private final Workplace at;
  private final NamedActs named;
  private final GroupActs groups;
  private final HeapActs heaps;
  private final BackupActs backups;
  private final SharingActs sharing;
  private final VictimActs victims;
  private final Map<Act, Step> steps = new EnumMap<>(Act.class);
  private final List<Act> dice = new ArrayList<>();
  private final BiConsumer<WorkerMessage.Kind, String> says;
  private volatile boolean ended;
  private volatile long beganAt = System.nanoTime();
  private volatile String doing = "";

  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  /**
   * A hand.
   *
   * @param disk where regions and backups of its worker are; the shared directory lies beside it
   * @param says gets what it has to tell: VICTIM, TOKEN, LOST, FAILED
   */
  public Hand(
      Suite suite,
      Book book,
      long seed,
      Tallies tallies,
      Path disk,
      int worker,
      int number,
      int generation,
      Set<Act> acts,
      BiConsumer<WorkerMessage.Kind, String> says) {
    this.says = says;
    at =
        new Workplace(
            suite, book, new SplittableRandom(seed), tallies, disk, worker, number, generation);
    RegionActs regions = new RegionActs(at);
    named = new NamedActs(at);
    groups = new GroupActs(at);
    heaps = new HeapActs(at);
    backups = new BackupActs(at, groups);
    groups.whenDeleted(backups::delete);
    sharing =
        new SharingActs(
            at,
            disk.resolveSibling(SharingActs.DIRECTORY),
            visit -> says.accept(WorkerMessage.Kind.TOKEN, visit.json()));
    victims = new VictimActs(at, path -> says.accept(WorkerMessage.Kind.VICTIM, path));
    if (acts.isEmpty()) {
      throw new IllegalArgumentException("none of the chosen acts can be done here");
    }
    for (Act act : acts) {
      steps.put(act, step(act, regions));
      for (int weight = act.weight(); weight > 0; weight--) {
        dice.add(act);
      }
    }
  }

  private Step step(Act act, RegionActs regions) {
    return switch (act) {
      case ALLOCATE -> regions::allocate;
      case FREE -> regions::free;
      case WRITE -> regions::write;
      case CHECK -> regions::check;
      case RESIZE -> regions::resize;
      case PUNCH -> regions::punch;
      case PROTECT -> regions::protect;
      case FORCE -> regions::force;
      case SMALL -> regions::small;
      case REOPEN -> named::reopen;
      case RENAME -> named::rename;
      case DELETE -> named::delete;
      case SNAPSHOT -> named::snapshot;
      case MOVE -> named::move;
      case CHECKPOINT -> groups::act;
      case DISCARD -> groups::discard;
      case HEAP -> heaps::act;
      case BACKUP -> backups::act;
      case SHARE -> sharing::share;
      case ATTACH -> sharing::attach;
      case CUT -> victims::act;
    };
  }

  /**
   * Looks at what an earlier process has left under its book, and begins the book. A disk that is
   * full for the moment is waited for.
   */
  public void recover() throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        new Recovery(at, named, groups, heaps).run();
        return;
      } catch (IOException | RuntimeException e) {
        if (!isRefusal(Act.REOPEN, e) || deadline - System.nanoTime() < 0) {
          throw e;
        }
        at.tallies.refused("recover", String.valueOf(e.getMessage()));
        heaps.abandon();
        at.abandon();
      }
      LockSupport.parkNanos(RETRY_NANOS);
    }
  }

  /** Acts until it is ended, or something is wrong. */
  public void run() {
    while (!ended && step()) {
      // The next one.
    }
  }

  /** One act; whether all is well. */
  public boolean step() {
    Act act = dice.get(at.random.nextInt(dice.size()));
    at.begin();
    beganAt = System.nanoTime();
    doing = act.word();
    try {
      Objects.requireNonNull(steps.get(act)).run();
      at.tallies.done(act.word(), System.nanoTime() - beganAt);
      return true;
    } catch (IOException | RuntimeException | Error e) {
      return isRefusal(act, e) ? refused(act, e) : failed(act, e);
    } finally {
      doing = "";
    }
  }

  /** Whether it is an answer that a user of the suite must be prepared for. */
  private boolean isRefusal(Act act, Throwable thrown) {
    return switch (thrown) {
      case MemoryException e -> true;
      case UnsupportedCapabilityException e -> true;
      case UncheckedIOException e -> e.getCause() instanceof MemoryException;
      case CancellationException e -> act == Act.MOVE;
      case IllegalStateException e -> at.suite.comesAndGoes();
      default -> false;
    };
  }

  /** Nothing has changed by it. */
  private boolean refused(Act act, Throwable thrown) {
    at.tallies.refused(act.word(), String.valueOf(thrown.getMessage()));
    boolean interrupted = Thread.interrupted();
    try {
      at.checkUsed();
      return true;
    } catch (MemoryException | RuntimeException | Error e) {
      e.addSuppressed(thrown);
      return isRefusal(act, e) || failed(act, e);
    } finally {
      if (interrupted) {
        at.tallies.done("interrupted", 0);
      }
    }
  }

  private boolean failed(Act act, Throwable thrown) {
    WorkerMessage.Kind kind =
        thrown instanceof LostBytesException ? WorkerMessage.Kind.LOST : WorkerMessage.Kind.FAILED;
    says.accept(kind, act.word() + ": " + words(thrown));
    ended = true;
    return false;
  }

  /** What was thrown, with where, and what led to it. */
  static String words(Throwable thrown) {
    StringBuilder words = new StringBuilder(thrown.toString());
    StackTraceElement[] frames = thrown.getStackTrace();
    for (int frame = 0; frame < Math.min(REPORTED_FRAMES, frames.length); frame++) {
      words.append("\n    at ").append(frames[frame]);
    }
    for (Throwable suppressed : thrown.getSuppressed()) {
      words.append("\n  after ").append(words(suppressed));
    }
    if (thrown.getCause() != null) {
      words.append("\n  because of ").append(words(thrown.getCause()));
    }
    return words.toString();
  }

  /** Has it end after the act that it does. */
  public void end() {
    ended = true;
  }

  void cut(String path) {
    victims.cut(path);
  }

  /** What it does, and for how long by now; empty between acts. */
  String doing() {
    String act = doing;
    return act.isEmpty()
        ? ""
        : act + " for " + (System.nanoTime() - beganAt) / 1_000_000_000L + " s";
  }

  /** The nanoseconds that the act which it does has taken by now; 0 between acts. */
  long busyNanos() {
    return doing.isEmpty() ? 0 : System.nanoTime() - beganAt;
  }

  Book book() {
    return at.book;
  }

  /** Compares everything a last time, and closes and deletes all that it has. */
  public void finish() throws IOException {
    Thread.interrupted();
    backups.delete();
    sharing.close();
    heaps.close();
    groups.close();
    for (Held each : List.copyOf(at.held)) {
      at.checkAll(each);
      at.close(each);
    }
    for (RegionModel model : at.book.models()) {
      at.delete(model, false);
    }
    at.book.close();
  }
}
