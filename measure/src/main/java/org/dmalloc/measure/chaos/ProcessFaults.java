/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.measure.chaos.FaultSchedule.Planned;
import org.jspecify.annotations.Nullable;

/** Does to workers what a schedule says, and takes back in time what does not last. */
final class ProcessFaults {
  private static final int LEAST_PIECE = 4096;
  private static final int MOST_MORE_FILES = 40;
  private static final int EARLY_KILLS = 4;
  private static final long LEAST_FILE_BYTES = 1L << 20;

  private final @Nullable Path disk;
  private final Map<String, Integer> counts = new TreeMap<>();
  private final List<Lasting> lasting = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();

  /** What is to be taken back at a time. */
  private record Lasting(long untilNanos, Fault fault, @Nullable WorkerProcess worker, Undo undo) {}

  private interface Undo {
    void run() throws IOException;
  }

  /** For a disk of its own that may be filled; null for none. */
  ProcessFaults(@Nullable Path disk) {
    this.disk = disk;
  }

  /** Why a fault cannot be done here; null if it can. */
  static @Nullable String obstacle(Fault fault, boolean ownDisk, boolean container) {
    return switch (fault) {
      case KILL, INTERRUPT -> null;
      case STOP -> Files.isExecutable(Path.of("/bin/kill")) ? null : "there is no /bin/kill";
      case DISK ->
          ownDisk ? null : "no file system of its own could be made: run as root, with e2fsprogs";
      case DESCRIPTORS, FILESIZE ->
          program("prlimit").isEmpty() ? "there is no prlimit (util-linux)" : null;
      case BUNDLES -> container ? null : "no worker runs in a container here";
    };
  }

  private static List<Path> program(String name) {
    return Stream.of("/usr/bin", "/bin", "/usr/local/bin")
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .limit(1)
        .toList();
  }

  /** Does one; nothing if its worker cannot take it now. */
  void apply(Planned planned, WorkerProcess worker) {
    boolean busy =
        lasting.stream()
            .anyMatch(
                each ->
                    each.fault() == planned.fault()
                        && (each.worker() == worker || planned.fault() == Fault.DISK));
    if (busy || (planned.fault() != Fault.DISK && !worker.isAlive()) || worker.isOrderedToEnd()) {
      return;
    }
    boolean limits = planned.fault() == Fault.DESCRIPTORS || planned.fault() == Fault.FILESIZE;
    if (limits && !worker.isReady()) {
      return; // a JVM that starts under a limit shows nothing of the suite
    }
    if (planned.fault() == Fault.KILL && !worker.isReady() && planned.extent() % EARLY_KILLS != 0) {
      return; // most get to work before they are killed, also where starts are slow
    }
    try {
      switch (planned.fault()) {
        case KILL -> worker.kill();
        case STOP -> {
          signal("-STOP", worker);
          worker.stand(true);
          last(
              planned,
              worker,
              () -> {
                signal("-CONT", worker);
                worker.stand(false);
              });
        }
        case DISK -> {
          Path ballast = fill();
          last(planned, null, () -> Files.deleteIfExists(ballast));
        }
        case DESCRIPTORS -> {
          long open = count(Path.of("/proc", Long.toString(worker.pid()), "fd"));
          limit(planned, worker, "nofile", open + planned.extent() % MOST_MORE_FILES);
        }
        case FILESIZE -> limit(planned, worker, "fsize", LEAST_FILE_BYTES);
        case INTERRUPT, BUNDLES -> {
          return; // the workers do it
        }
      }
      counts.merge(planned.fault().word(), 1, Integer::sum);
    } catch (IOException e) {
      if (worker.isAlive()) {
        failures.add(planned.fault().word() + " of " + worker + ": " + e.getMessage());
      }
    }
  }

  private void last(Planned planned, @Nullable WorkerProcess worker, Undo undo) {
    long until = System.nanoTime() + planned.lengthMillis() * 1_000_000L;
    lasting.add(new Lasting(until, planned.fault(), worker, undo));
  }

  /** When the next one is to be taken back; far away if there is none. */
  long nextUndoNanos() {
    return lasting.stream()
        .mapToLong(Lasting::untilNanos)
        .min()
        .orElse(System.nanoTime() + Long.MAX_VALUE / 4);
  }

  /** Takes back what is due, or all. */
  void undo(boolean all) {
    for (Lasting each : List.copyOf(lasting)) {
      if (all || System.nanoTime() - each.untilNanos() >= 0) {
        lasting.remove(each);
        try {
          each.undo().run();
        } catch (IOException e) {
          WorkerProcess worker = each.worker();
          if (worker == null || worker.isAlive()) {
            failures.add("end of " + each.fault().word() + ": " + e.getMessage());
          }
        }
      }
    }
  }

  /** A worker has ended: nothing of it is to be taken back. */
  void forget(WorkerProcess worker) {
    lasting.removeIf(each -> each.worker() == worker);
  }

  private static void signal(String signal, WorkerProcess worker) throws IOException {
    run("/bin/kill", signal, Long.toString(worker.pid()));
  }

  /** Has a JVM print the stacks of all its threads to its log. */
  static void printStacks(WorkerProcess worker) {
    try {
      signal("-CONT", worker);
      signal("-QUIT", worker);
    } catch (IOException e) {
      // It has ended meanwhile, and there are no stacks.
    }
  }

  /** Lowers a soft limit for a while. */
  private void limit(Planned planned, WorkerProcess worker, String what, long value)
      throws IOException {
    String program = program("prlimit").getFirst().toString();
    String pid = Long.toString(worker.pid());
    String before =
        run(program, "--pid", pid, "--" + what, "--noheadings", "--raw", "--output", "SOFT")
            .strip();
    run(program, "--pid", pid, String.format(Locale.ROOT, "--%s=%d:", what, value));
    last(planned, worker, () -> run(program, "--pid", pid, "--" + what + "=" + before + ":"));
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.count();
    }
  }

  private static String run(String... words) throws IOException {
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.onExit().join().exitValue();
    if (status != 0) {
      throw new IOException(String.join(" ", words) + ": status " + status + ": " + said.strip());
    }
    return said;
  }

  /** Takes all the space that the disk has left. */
  private Path fill() throws IOException {
    Path filled = disk;
    if (filled == null) {
      throw new IOException("no disk of its own");
    }
    Path ballast = filled.resolve("ballast");
    Files.write(ballast, new byte[0]);
    // Reserved, not written: a slow disk would hold the conductor up.
    try (OpenFile open = OpenFile.open(ballast, AccessMode.READ_WRITE)) {
      long taken = 0;
      long piece = Files.getFileStore(filled).getUsableSpace();
      while (piece >= LEAST_PIECE) {
        try {
          open.reserve(taken, piece);
          taken += piece;
        } catch (MemoryException e) {
          piece /= 2; // so much is not left any more
        }
      }
    }
    return ballast;
  }

  /** Cuts a file of a worker's, as another program might; whether it was there. */
  boolean cut(Path file, long choice) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      channel.truncate(Long.remainderUnsigned(choice, Math.max(1, channel.size())));
      counts.merge("cut", 1, Integer::sum);
      return true;
    } catch (IOException e) {
      return false; // its worker was killed, and it was deleted
    }
  }

  /** How often each was done. */
  Map<String, Integer> counts() {
    return counts;
  }

  /** What could not be done, or not be taken back. */
  List<String> failures() {
    return failures;
  }
}
