/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Capability;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.measure.chaos.model.Book;
import org.dmalloc.measure.chaos.model.UnitContent;
import org.dmalloc.measure.chaos.worker.WorkerMessage.Kind;
import org.jspecify.annotations.Nullable;

/**
 * The program of a worker over a suite. It looks at what an earlier worker left, acts until it is
 * told to finish or killed, and tells what it does. It ends at once when its standard input does,
 * so that it never outlives the command that started it.
 */
public final class Worker {
  /** Begins the names of its own threads. */
  static final String THREADS = "dmalloc-chaos-";

  private static final Gson GSON = new Gson();
  private static final Duration TELLS_EVERY = Duration.ofMillis(500);
  private static final Duration END_OF_HANDS = Duration.ofSeconds(60);
  private static final long BEAT_MILLIS = 20;

  /** Longer than any act may wait for something by its own time-outs. */
  private static final Duration LONGEST_ACT = Duration.ofSeconds(150);

  private static final int ORPHANED = 3;
  private static final int WRONG = 1;

  private final WorkerTask task;
  private final BufferedReader in;
  private final PrintStream out;
  private final Tallies tallies = new Tallies();
  private final List<Hand> hands = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final CountDownLatch told = new CountDownLatch(1);
  private volatile boolean wrong;
  private @Nullable Suite suite;

  /** Makes the suite of a worker. */
  @FunctionalInterface
  public interface Maker {
    Suite suite(WorkerTask task) throws Exception;
  }

  private Worker(WorkerTask task, BufferedReader in, PrintStream out) {
    this.task = task;
    this.in = in;
    this.out = out;
  }

  /** Runs the task in the first line of standard input. Ends the JVM. */
  public static void main(Maker maker) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(
            new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8));
    Worker worker = new Worker(GSON.fromJson(in.readLine(), WorkerTask.class), in, out);
    int status = WRONG;
    try {
      worker.run(maker);
      status = worker.wrong ? WRONG : 0;
    } catch (Exception | Error e) {
      worker.say(
          e instanceof LostBytesException ? Kind.LOST : Kind.FAILED, "worker: " + Hand.words(e));
    }
    worker.say(Kind.END, "");
    // Halt instead of return: threads that something left behind must not keep the process.
    Runtime.getRuntime().halt(status);
  }

  private void say(Kind kind, String text) {
    if (kind == Kind.LOST || kind == Kind.FAILED || kind == Kind.LEAK) {
      wrong = true;
    }
    send(WorkerMessage.of(kind, text));
  }

  private void send(WorkerMessage message) {
    // One write, so that lines of several threads stay whole.
    out.println(WorkerMessage.MARK + GSON.toJson(message));
  }

  private void run(Maker maker) throws Exception {
    Path disk = Path.of(task.disk());
    Suite made = maker.suite(task);
    suite = made;
    if (task.hands() == 0) {
      audit(made, disk.resolveSibling(SharingActs.DIRECTORY));
      return;
    }
    OwnLeaks leaks = new OwnLeaks(disk);
    Set<Act> acts = possible(made);
    for (int number = 0; number < task.hands(); number++) {
      Path file = Path.of(task.control(), "hand-" + task.worker() + "-" + number + ".book");
      long seed =
          UnitContent.mix(
              task.seed() + 31L * task.worker() + 1009L * task.generation() + 65537L * number);
      hands.add(
          new Hand(
              made,
              Book.read(file),
              seed,
              tallies,
              disk,
              task.worker(),
              number,
              task.generation(),
              acts,
              this::say));
    }
    for (Hand hand : hands) {
      hand.recover();
    }
    clearUnknown(made);
    requireSoundStores(made);
    if (task.worker() == 0 && acts.contains(Act.SHARE)) {
      makeCounter(made, disk.resolveSibling(SharingActs.DIRECTORY));
    }
    say(Kind.READY, "");
    Thread.ofPlatform().daemon().name(THREADS + "commands").start(this::obey);
    act(made);
    if (!wrong) {
      finish(made, leaks);
    }
  }

  /** The acts that this suite has; the others are reported once. */
  private Set<Act> possible(Suite made) {
    Set<Act> acts = EnumSet.noneOf(Act.class);
    task.acts().forEach(word -> acts.add(Act.valueOf(word.toUpperCase(Locale.ROOT))));
    absent(
        acts,
        Act.SHARE,
        !sharing(made).isEmpty(),
        "no provider here has PROCESS_SHARED with names");
    absent(
        acts,
        Act.ATTACH,
        !SharingActs.sharing(made, false).isEmpty(),
        "no provider here has PROCESS_SHARED without names");
    absent(acts, Act.BACKUP, made.backups().isPresent(), "no BackupService here");
    absent(acts, Act.MOVE, made.names().contains(Suite.MANAGED), "no manager here");
    return acts;
  }

  /** Makes the counter of all workers, as soon as the disk is not full. */
  private static void makeCounter(Suite made, Path directory) throws IOException {
    long deadline = System.nanoTime() + END_OF_HANDS.toNanos();
    while (true) {
      try {
        SharingActs.make(directory, made.provider(sharing(made).getFirst()));
        return;
      } catch (IOException e) {
        if (deadline - System.nanoTime() < 0) {
          throw e;
        }
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(BEAT_MILLIS));
    }
  }

  private static List<String> sharing(Suite made) {
    return SharingActs.sharing(made, true);
  }

  /** Tells what the counter has that all workers of the run have added to. */
  private void audit(Suite made, Path directory) throws IOException {
    long count =
        Files.isDirectory(directory)
            ? SharingActs.take(directory, made.provider(sharing(made).getFirst()))
            : 0;
    made.close();
    send(new WorkerMessage(Kind.COUNTS, "", List.of(), 0, count, 0));
  }

  private void absent(Set<Act> acts, Act act, boolean there, String reason) {
    if (!there && acts.remove(act)) {
      say(Kind.ABSENT, act.word() + ": " + reason);
    }
  }

  /** Deletes what was made and is in no book: victims, and what a restore did not come to name. */
  private void clearUnknown(Suite made) throws IOException {
    Set<String> known = new HashSet<>();
    hands.forEach(
        hand -> hand.book().models().forEach(model -> known.add(String.valueOf(model.name()))));
    for (String name : made.names()) {
      if (name.equals(Suite.MANAGED)
          || !made.provider(name).capabilities().contains(Capability.NAMED)) {
        continue;
      }
      for (StoredRegion region : made.provider(name).stored()) {
        if (region.name().startsWith(VictimActs.PREFIX)
            || region.name().startsWith(BackupActs.RESTORED)
            || region.name().startsWith(NamedActs.COPY)
            || region.name().startsWith("restoring-")) {
          made.provider(name).delete(region.name());
        } else if (!known.contains(region.name())) {
          say(Kind.LEAK, "stored region that nobody made: " + region);
        }
      }
    }
  }

  private void requireSoundStores(Suite made) throws IOException {
    for (String name : made.names()) {
      for (StoreFinding finding : made.provider(name).verify()) {
        if (finding.severity() == StoreFinding.Severity.ERROR) {
          say(Kind.LOST, "store of " + name + ": " + finding.subject() + ": " + finding.message());
        }
      }
    }
  }

  private void act(Suite made) throws InterruptedException {
    for (Hand hand : hands) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .name(THREADS + "hand-" + threads.size())
              .start(
                  () -> {
                    hand.run();
                    if (wrong) {
                      told.countDown();
                    }
                  }));
    }
    SplittableRandom random =
        new SplittableRandom(UnitContent.mix(task.seed() - task.worker() - 7L * task.generation()));
    long interruptAt = next(random, task.interruptMillis());
    long disturbAt = next(random, task.bundles());
    long tellAt = System.nanoTime();
    while (!told.await(BEAT_MILLIS, TimeUnit.MILLISECONDS)) {
      if (System.nanoTime() - tellAt > 0) {
        tell();
        lookForHangs();
        tellAt = System.nanoTime() + TELLS_EVERY.toNanos();
      }
      if (System.nanoTime() - interruptAt > 0) {
        threads.get(random.nextInt(threads.size())).interrupt();
        tallies.done("interrupt", 0);
        interruptAt = next(random, task.interruptMillis());
      }
      if (System.nanoTime() - disturbAt > 0) {
        disturb(made, random.nextLong());
        disturbAt = next(random, task.bundles());
      }
    }
    tell();
    end();
    tell();
  }

  private void lookForHangs() {
    for (Hand hand : hands) {
      if (hand.busyNanos() > LONGEST_ACT.toNanos() && !wrong) {
        say(Kind.FAILED, hand.doing() + "; the stacks of all threads:" + stacks());
        told.countDown();
      }
    }
  }

  private static String stacks() {
    StringBuilder text = new StringBuilder();
    Thread.getAllStackTraces()
        .forEach(
            (thread, frames) -> {
              text.append("\n  ").append(thread);
              for (StackTraceElement frame : frames) {
                text.append("\n    at ").append(frame);
              }
            });
    return text.toString();
  }

  /** Far away, if it is for never. */
  private static long next(SplittableRandom random, long everyMillis) {
    long millis = everyMillis == 0 ? Duration.ofDays(365).toMillis() : everyMillis;
    return System.nanoTime() + millis * 500_000L + random.nextLong(millis * 1_000_000L);
  }

  private void disturb(Suite made, long choice) {
    long begin = System.nanoTime();
    try {
      tallies.done(made.disturb(choice), System.nanoTime() - begin);
    } catch (Exception e) {
      say(Kind.FAILED, "stop and start of bundles: " + Hand.words(e));
    }
  }

  private void end() throws InterruptedException {
    hands.forEach(Hand::end);
    long deadline = System.nanoTime() + END_OF_HANDS.toNanos();
    for (Thread thread : threads) {
      Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
      if (!thread.join(left)) {
        say(
            Kind.FAILED,
            thread.getName() + " does not end: " + hands.get(threads.indexOf(thread)).doing());
      }
    }
  }

  private void tell() {
    send(
        new WorkerMessage(
            Kind.COUNTS,
            String.join(", ", hands.stream().map(Hand::doing).filter(d -> !d.isEmpty()).toList()),
            tallies.all(),
            tallies.checkedBytes(),
            hands.stream().mapToLong(hand -> hand.book().added()).sum(),
            hands.stream().mapToLong(hand -> hand.book().perhapsAdded()).sum()));
  }

  private void obey() {
    try {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ", 2);
        switch (words[0]) {
          case WorkerTask.FINISH -> told.countDown();
          case WorkerTask.CUT -> hands.forEach(hand -> hand.cut(words[1]));
          case WorkerTask.VISIT -> visit(Visit.parse(words[1]));
          default -> say(Kind.FAILED, "unknown command " + line);
        }
      }
    } catch (IOException e) {
      // A broken pipe also means that the conductor has ended.
    }
    Runtime.getRuntime().halt(ORPHANED);
  }

  private void visit(Visit visit) {
    long begin = System.nanoTime();
    Suite made = Objects.requireNonNull(suite);
    try {
      SharingActs.look(made, visit, tallies);
      tallies.done("visit", System.nanoTime() - begin);
    } catch (IOException e) {
      tallies.refused("visit", String.valueOf(e.getMessage())); // its process may have ended
    } catch (IllegalStateException e) {
      if (made.comesAndGoes()) {
        tallies.refused("visit", String.valueOf(e.getMessage()));
      } else {
        say(Kind.FAILED, "visit: " + Hand.words(e));
      }
    } catch (RuntimeException | Error e) {
      say(e instanceof LostBytesException ? Kind.LOST : Kind.FAILED, "visit: " + Hand.words(e));
    }
  }

  private void finish(Suite made, OwnLeaks leaks) throws IOException {
    for (Hand hand : hands) {
      hand.finish();
    }
    tell();
    clearUnknown(made);
    requireSoundStores(made);
    OwnLeaks.regions(made).forEach(leak -> say(Kind.LEAK, leak));
    made.close();
    leaks.afterStop().forEach(leak -> say(Kind.LEAK, leak));
    for (String store : WorkerTask.STORES) {
      Path directory = Path.of(task.disk(), store);
      if (Files.isDirectory(directory)) {
        try (var all = Files.newDirectoryStream(directory)) {
          all.forEach(
              file -> {
                if (!file.toString().endsWith(".backup")) {
                  say(Kind.LEAK, "file " + file);
                }
              });
        }
      }
    }
  }
}
