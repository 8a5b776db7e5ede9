/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessStat;
import org.dmalloc.spi.machine.Setting;
import org.jspecify.annotations.Nullable;

/**
 * The changes of a process to the machine. Each is on disk before it is made, so that it can be
 * undone whatever becomes of the process. {@link #close()} undoes them, the latest first. A
 * shutdown hook does so when the process is terminated, and {@link #recover} for processes that
 * were killed.
 *
 * <p>All methods may be called from any thread; they finish despite an interrupt.
 */
public final class SetupJournal implements AutoCloseable {
  private static final String PREFIX = "compare-";
  private static final String SUFFIX = ".json";
  private static final Gson GSON = new Gson();

  private final Path file;
  private final Contents contents;
  private final Cleaner cleaner;
  private final Thread hook = new Thread(this::takeBackQuietly, "dmalloc-compare-clean-up");
  private boolean closed;

  /**
   * The content of a journal file.
   *
   * @param startTicks the start in the kernel's ticks since boot, because process ids are reused
   * @param bootId the boot: files outlive it; swap, settings and cgroups do not
   * @param changes the changes that are not undone yet, the oldest first
   */
  private record Contents(long pid, long startTicks, String bootId, List<Change> changes) {}

  private SetupJournal(Path file, Contents contents, KernelFiles files) {
    this.file = file;
    this.contents = contents;
    this.cleaner = new Cleaner(files);
  }

  /** The journal directory of this user, created for this user alone if it is missing. */
  public static Path defaultDirectory() throws IOException {
    Path system = Path.of("/var/lib/dmalloc");
    if (Files.isWritable(system)
        || (!Files.exists(system) && Files.isWritable(Path.of("/var/lib")))) {
      return JournalDirectory.create(system);
    }
    IOException refused = new IOException("no home directory");
    for (Path home : homes()) {
      try {
        return JournalDirectory.create(home.resolve("dmalloc"));
      } catch (IOException e) {
        refused = e;
      }
    }
    throw new IOException(
        "journal of changes: no directory for it ("
            + refused.getMessage()
            + "); set XDG_STATE_HOME to one that you can write to",
        refused);
  }

  /** The state directories of programs of this user, the preferred first. */
  private static List<Path> homes() {
    List<Path> homes = new ArrayList<>();
    String state = System.getenv("XDG_STATE_HOME");
    if (state != null && state.startsWith("/")) {
      homes.add(Path.of(state));
    }
    // The variable takes precedence; the property is the home directory of the account.
    for (String home : Arrays.asList(System.getenv("HOME"), System.getProperty("user.home"))) {
      if (home != null && home.startsWith("/")) {
        homes.add(Path.of(home, ".local", "state"));
      }
    }
    return homes;
  }

  /** Starts an empty journal of this process. */
  public static SetupJournal open(Path directory, KernelFiles files) throws IOException {
    JournalDirectory.require(directory);
    long pid = ProcessHandle.current().pid();
    Path file = Files.createTempFile(directory, PREFIX + pid + "-", SUFFIX);
    SetupJournal journal =
        new SetupJournal(
            file,
            new Contents(pid, startTicks(files, pid), bootId(files), new ArrayList<>()),
            files);
    journal.save();
    Runtime.getRuntime().addShutdownHook(journal.hook);
    return journal;
  }

  /**
   * Undoes the changes of processes that have ended.
   *
   * @return one line for each change, whether it could be undone or not
   * @throws IOException if others could have written to the directory: the journals are executed
   */
  public static List<String> recover(Path directory, KernelFiles files) throws IOException {
    JournalDirectory.require(directory);
    List<String> lines = new ArrayList<>();
    try (DirectoryStream<Path> journals =
        Files.newDirectoryStream(directory, PREFIX + "*" + SUFFIX)) {
      for (Path file : journals) {
        if (!JournalDirectory.isTrusted(file)) {
          lines.add(
              "journal "
                  + file
                  + ": not a file that only this user can write; inspect it and delete it");
          continue;
        }
        Contents found = read(file);
        if (found == null) {
          // A process that was killed before it wrote anything has changed nothing.
          if (ofDeadProcess(file)) {
            Files.deleteIfExists(file);
          }
        } else if (found.startTicks() != startTicks(files, found.pid())
            || !found.bootId().equals(bootId(files))) {
          SetupJournal journal = new SetupJournal(file, found, files);
          if (!found.bootId().equals(bootId(files))) {
            found.changes().removeIf(change -> !isFile(change));
          }
          List<Change> changes = List.copyOf(found.changes()).reversed();
          List<String> failures = journal.takeBackAll();
          for (Change change : changes) {
            if (!found.changes().contains(change)) {
              lines.add("removed what a killed run left: " + change);
            }
          }
          lines.addAll(failures);
        }
      }
    }
    return lines;
  }

  /** Records a change, before it is made. */
  public synchronized void add(Change change) throws IOException {
    if (closed) {
      throw new IOException(change + ": this run has ended");
    }
    contents.changes().add(change);
    save();
  }

  /** Undoes one change now. */
  public synchronized void takeBack(Change change) throws IOException {
    if (contents.changes().contains(change)) {
      cleaner.takeBack(change);
      contents.changes().remove(change);
      save();
    }
  }

  /** Removes a change that was not made, because another file has the name. */
  synchronized void forget(Change change) throws IOException {
    contents.changes().remove(change);
    save();
  }

  /**
   * Undoes all changes and deletes the journal.
   *
   * @throws IOException if some could not be undone; the journal keeps them for the next start, and
   *     the message names them and the next step
   */
  @Override
  public void close() throws IOException {
    List<String> failures;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      failures = takeBackAll();
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down: the hook has nothing left to do.
    }
    if (!failures.isEmpty()) {
      throw new IOException(String.join("\n", failures));
    }
  }

  /** Whether all changes were undone, perhaps because the process was terminated. */
  public synchronized boolean closed() {
    return closed;
  }

  private synchronized void takeBackQuietly() {
    if (!closed) {
      closed = true;
      // A failure cannot be reported here. The next start retries from the journal and reports.
      takeBackAll();
    }
  }

  private synchronized List<String> takeBackAll() {
    List<String> failures = new ArrayList<>();
    boolean interrupted = Thread.interrupted();
    try {
      for (Change change : List.copyOf(contents.changes()).reversed()) {
        try {
          cleaner.takeBack(change);
          contents.changes().remove(change);
        } catch (IOException | RuntimeException e) {
          failures.add(change + " was left behind: " + e.getMessage());
        }
      }
      if (contents.changes().isEmpty()) {
        Files.deleteIfExists(file);
        Files.deleteIfExists(next());
      } else {
        save();
      }
    } catch (IOException e) {
      failures.add("journal " + file + ": " + e.getMessage() + "; delete it");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    return failures;
  }

  private void save() throws IOException {
    Path next = next();
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    // A stream, not a channel: an interrupt must not close it.
    try (FileOutputStream out = new FileOutputStream(next.toFile())) {
      out.write(GSON.toJson(contents).getBytes(StandardCharsets.UTF_8));
      out.getFD().sync();
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private Path next() {
    return file.resolveSibling(file.getFileName() + ".new");
  }

  private static @Nullable Contents read(Path file) throws IOException {
    try {
      Contents found = GSON.fromJson(Files.readString(file), Contents.class);
      return found == null
          ? null
          : new Contents(
              found.pid(), found.startTicks(), found.bootId(), new ArrayList<>(found.changes()));
    } catch (JsonParseException e) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "journal %s is damaged: %s; inspect it, undo what it names and delete it",
              file,
              e.getMessage()),
          e);
    }
  }

  private static boolean ofDeadProcess(Path file) {
    String[] words = String.valueOf(file.getFileName()).split("-", -1);
    return words.length < 3
        || !words[1].matches("[0-9]{1,18}")
        || ProcessHandle.of(Long.parseLong(words[1])).isEmpty();
  }

  private static boolean isFile(Change change) {
    return switch (change.kind()) {
      case FILE, DIRECTORY, SWAP_FILE -> true;
      case ZRAM, SETTING, CGROUP, MOUNT -> false;
    };
  }

  private static String bootId(KernelFiles files) {
    return Setting.sysctl("kernel.random.boot_id").choice(files).orElse("unknown");
  }

  /** Field 22 of a process's {@code stat}; −1 if there is no such process. */
  private static long startTicks(KernelFiles files, long pid) {
    return ProcessStat.of(files, Long.toString(pid)).map(s -> s.field(22).orElse(-1)).orElse(-1L);
  }

  /** The changes that are not undone yet. */
  public synchronized List<Change> changes() {
    return List.copyOf(contents.changes());
  }
}
