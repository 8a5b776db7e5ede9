/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dmalloc.measure.chaos.FaultSchedule.Planned;
import org.dmalloc.measure.chaos.WorkerProcess.Event;
import org.dmalloc.measure.chaos.model.UnitContent;
import org.dmalloc.measure.chaos.worker.WorkerMessage;
import org.dmalloc.measure.chaos.worker.WorkerTask;
import org.dmalloc.measure.compare.setup.LoopDisk;
import org.dmalloc.measure.compare.setup.ScratchDirectory;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.MeasurementListener;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/**
 * The conductor: starts workers, does faults to them as the schedule says, has each killed one
 * followed by another that looks at what it left, and in the end takes everything back and looks
 * for leaks. All of it on the calling thread.
 */
public final class Chaos {
  private static final Duration SILENCE = Duration.ofSeconds(90);
  private static final Duration END_OF_WORKERS = Duration.ofMinutes(2);
  private static final Duration END_WHEN_INTERRUPTED = Duration.ofSeconds(8);
  private static final Duration STACKS = Duration.ofSeconds(3);
  private static final long BUNDLES_MILLIS = 4_000;
  private static final long INTERRUPT_MILLIS = 3_000;
  private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** The generation of the last worker, which only looks. */
  private static final int AUDITOR = 999_999;

  private final ChaosPlan plan;
  private final List<WorkerJvm> jvms;
  private final MeasurementListener listener;
  private final KernelFiles files = KernelFiles.ofThisMachine();
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final List<WorkerProcess> workers = new ArrayList<>();
  private final Outcome outcome = new Outcome();
  private final Path directory;
  private final Path control;
  private final Path disk;
  private final Set<Fault> faults;
  private boolean interrupted;
  private boolean finishing;

  private Chaos(ChaosPlan plan, List<WorkerJvm> jvms, MeasurementListener listener) {
    this.plan = plan;
    this.jvms = List.copyOf(jvms);
    this.listener = listener;
    directory =
        plan.directory()
            .toAbsolutePath()
            .normalize()
            .resolve("dmalloc-chaos-" + ProcessHandle.current().pid());
    control = directory.resolve("control");
    disk = directory.resolve("disk");
    faults = EnumSet.noneOf(Fault.class);
    faults.addAll(plan.chosenFaults());
  }

  /**
   * Runs a plan. An interrupt of the thread ends it early: everything is taken back and reported.
   *
   * @param jvms the kinds of workers, of which each worker takes the next
   * @param listener told the seed first, then of each problem, and how far it is
   * @throws IOException if it cannot begin, or something could not be taken back
   */
  public static ChaosReport run(ChaosPlan plan, List<WorkerJvm> jvms, MeasurementListener listener)
      throws IOException {
    return new Chaos(plan, jvms, listener).run();
  }

  private ChaosReport run() throws IOException {
    listener.said("seed " + plan.seed() + "; again: " + plan.command());
    Instant startedAt = Instant.now();
    long begin = System.nanoTime();
    SystemLeaks leaks = new SystemLeaks(directory);
    Thread hook = new Thread(() -> workers.forEach(WorkerProcess::kill), "dmalloc-chaos-end");
    Path journals = SetupJournal.defaultDirectory();
    SetupJournal.recover(journals, files).forEach(listener::said);
    SetupJournal journal = SetupJournal.open(journals, files);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      ScratchDirectory.create(journal, directory);
      Files.createDirectory(control);
      boolean ownDisk = makeDisk(journal);
      dropFaults(ownDisk);
      ProcessFaults doer = new ProcessFaults(ownDisk ? disk : null);
      try {
        startAll();
        if (awaitReady(doer)) {
          conduct(doer, System.nanoTime());
        }
        finish(doer);
      } finally {
        doer.undo(true);
        endAll();
        outcome.faults(doer);
      }
    } finally {
      outcome.keepLogs(control, plan);
      journal.close();
      removeHook(hook);
    }
    outcome.leaks(leaks.find());
    return outcome.report(
        startedAt,
        Duration.ofNanos(System.nanoTime() - begin),
        plan,
        MachineDescription.read(files),
        interrupted);
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down: the hook finds nobody left.
    }
  }

  /** A file system of its own, so that a full disk is nobody else's; else a directory. */
  private boolean makeDisk(SetupJournal journal) throws IOException {
    try {
      LoopDisk.create(journal, disk, plan.diskBytes());
      return true;
    } catch (IOException e) {
      outcome.skipped("file system of its own: " + e.getMessage());
      Files.createDirectories(disk);
      return false;
    }
  }

  private void dropFaults(boolean ownDisk) {
    boolean container = false;
    for (int worker = 0; worker < plan.workers(); worker++) {
      container |= jvm(worker).kind().equals(WorkerJvm.CONTAINER);
    }
    for (Fault fault : Set.copyOf(faults)) {
      @Nullable String obstacle = ProcessFaults.obstacle(fault, ownDisk, container);
      if (obstacle != null) {
        faults.remove(fault);
        outcome.skipped(fault.word() + ": " + obstacle);
      }
    }
  }

  private WorkerJvm jvm(int worker) {
    return jvms.get(worker % jvms.size());
  }

  private void startAll() throws IOException {
    for (int worker = 0; worker < plan.workers(); worker++) {
      workers.add(start(worker, 0, plan.hands()));
    }
  }

  private WorkerProcess start(int worker, int generation, int hands) throws IOException {
    Path own = disk.resolve("worker-" + worker);
    for (String store : WorkerTask.STORES) {
      Files.createDirectories(own.resolve(store)); // here, for no disk is full yet
    }
    WorkerTask task =
        new WorkerTask(
            worker,
            generation,
            plan.seed(),
            hands,
            own.toString(),
            control.toString(),
            plan.chosenActs(),
            faults.contains(Fault.BUNDLES) && jvm(worker).kind().equals(WorkerJvm.CONTAINER)
                ? BUNDLES_MILLIS
                : 0,
            faults.contains(Fault.INTERRUPT) ? INTERRUPT_MILLIS : 0);
    return WorkerProcess.start(jvm(worker), task, events);
  }

  /** Waits for all workers, so that the time is that of the chaos alone; whether to go on. */
  private boolean awaitReady(ProcessFaults doer) throws IOException {
    long end = System.nanoTime() + END_OF_WORKERS.toNanos();
    while (!workers.stream().allMatch(WorkerProcess::isReady) && outcome.isClean()) {
      listener.began("the workers start");
      if (!listen(doer, end)) {
        return false;
      }
      if (System.nanoTime() - end > 0) {
        listener.said(outcome.hang(workers.getFirst(), "or another does not start"));
      }
    }
    return true;
  }

  private void conduct(ProcessFaults doer, long begin) throws IOException {
    FaultSchedule schedule =
        new FaultSchedule(UnitContent.mix(plan.seed()), faults, plan.workers());
    Optional<Planned> next = schedule.next();
    long end = begin + plan.time().toNanos();
    while (System.nanoTime() - end < 0 && outcome.isClean()) {
      long due =
          next.isPresent() ? begin + TimeUnit.MILLISECONDS.toNanos(next.get().atMillis()) : end;
      if (!listen(doer, Math.min(end, Math.min(due, doer.nextUndoNanos())))) {
        return;
      }
      doer.undo(false);
      if (next.isPresent() && System.nanoTime() - due >= 0) {
        doer.apply(next.get(), workers.get(next.get().worker()));
        next = schedule.next();
      }
      lookForSilence();
      listener.began(outcome.progress(plan, begin, workers));
    }
  }

  /** Waits for an event until a time; whether to go on. */
  private boolean listen(ProcessFaults doer, long until) throws IOException {
    long wait = Math.clamp(until - System.nanoTime(), 1, LONGEST_WAIT_NANOS);
    try {
      Event event = events.poll(wait, TimeUnit.NANOSECONDS);
      if (event != null) {
        heard(event, doer);
      }
      return true;
    } catch (InterruptedException e) {
      interrupted = true;
      return false;
    }
  }

  private void heard(Event event, ProcessFaults doer) throws IOException {
    WorkerProcess from = event.from();
    WorkerMessage message = event.message();
    if (message == null) {
      ended(from, doer);
      return;
    }
    from.heard(message);
    switch (message.kind()) {
      case READY, COUNTS, END -> {}
      case ABSENT -> outcome.skipped(message.text());
      case VICTIM -> {
        doer.cut(Path.of(message.text()), UnitContent.mix(message.text().hashCode()));
        from.send(WorkerTask.CUT + " " + message.text());
      }
      case TOKEN -> {
        WorkerProcess visitor = workers.get((from.worker() + 1) % workers.size());
        if (visitor.isReady()) {
          visitor.send(WorkerTask.VISIT + " " + message.text());
        }
      }
      case LOST, FAILED, LEAK -> {
        outcome.problem(from, message);
        String first = message.text().lines().findFirst().orElse("");
        listener.said(from + ": " + message.kind() + " " + first);
      }
    }
  }

  /** A worker has ended: by order, or by itself, which none may. */
  private void ended(WorkerProcess from, ProcessFaults doer) throws IOException {
    doer.forget(from);
    outcome.add(from);
    boolean current = workers.get(from.worker()) == from;
    if (!from.isOrderedToEnd() && outcome.isClean()) {
      String death = outcome.death(from);
      listener.said(death);
    } else if (current && from.isKilled() && outcome.isClean() && !interrupted) {
      WorkerProcess next = start(from.worker(), from.generation() + 1, plan.hands());
      workers.set(from.worker(), next);
      if (finishing) {
        next.finish();
      }
    }
  }

  private void lookForSilence() {
    for (WorkerProcess worker : workers) {
      if (worker.isAlive()
          && !worker.isStanding()
          && !worker.isOrderedToEnd()
          && worker.silentNanos() > SILENCE.toNanos()) {
        hangs(worker, "says nothing for " + SILENCE.toSeconds() + " s");
      }
    }
  }

  private void hangs(WorkerProcess worker, String how) {
    ProcessFaults.printStacks(worker);
    try {
      // Time to print; its end would end that.
      TimeUnit.NANOSECONDS.sleep(STACKS.toNanos());
    } catch (InterruptedException e) {
      interrupted = true;
    }
    String line = outcome.hang(worker, how);
    listener.said(line);
    worker.kill();
  }

  /** Has all workers compare everything a last time and delete it. */
  private void finish(ProcessFaults doer) throws IOException {
    finishing = true;
    doer.undo(true);
    workers.stream().filter(worker -> !worker.isKilled()).forEach(WorkerProcess::finish);
    long end = System.nanoTime() + (interrupted ? END_WHEN_INTERRUPTED : END_OF_WORKERS).toNanos();
    while (workers.stream().anyMatch(WorkerProcess::isAlive) || !events.isEmpty()) {
      listener.began("the workers compare everything and close");
      if (System.nanoTime() - end > 0) {
        if (!interrupted) {
          workers.stream()
              .filter(WorkerProcess::isAlive)
              .forEach(worker -> hangs(worker, "does not finish"));
        }
        return;
      }
      listen(doer, end);
    }
    for (WorkerProcess worker : workers) {
      if (worker.exitValue() != 0 && outcome.isClean() && !interrupted) {
        listener.said(outcome.death(worker));
      }
    }
    audit(doer);
  }

  /** Compares what the workers have added to the counter that they share with what it has. */
  private void audit(ProcessFaults doer) throws IOException {
    if (!plan.chosenActs().contains("share") || !outcome.isClean() || interrupted) {
      return;
    }
    WorkerProcess auditor = start(0, AUDITOR, 0);
    List<WorkerProcess> counted = List.copyOf(workers);
    workers.set(0, auditor);
    auditor.finish();
    long end = System.nanoTime() + END_OF_WORKERS.toNanos();
    while ((auditor.isAlive() || !events.isEmpty()) && System.nanoTime() - end < 0) {
      listen(doer, end);
    }
    WorkerMessage count = auditor.counts();
    if (auditor.isAlive() || count == null) {
      listener.said(outcome.hang(auditor, "does not tell what the shared counter has"));
    } else {
      outcome.counter(count.added(), counted);
    }
  }

  private void endAll() {
    finishing = true;
    for (WorkerProcess worker : workers) {
      worker.kill();
      worker.awaitEnd();
    }
    // What they said last.
    for (Event event = events.poll(); event != null; event = events.poll()) {
      WorkerMessage message = event.message();
      if (message != null) {
        event.from().heard(message);
      } else {
        outcome.add(event.from());
      }
    }
  }
}
