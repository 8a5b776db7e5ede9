/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

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
import java.util.Optional;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.benchmarks.peers.store.StorePlace;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.compare.setup.ScratchDirectory;
import org.jspecify.annotations.Nullable;

/**
 * The main class of a contender's JVM: reads a {@link PeerTask}, runs it, and writes a {@link
 * PeerMessage} for each step. It ends at once when its standard input does, so that it never
 * outlives the command that started it.
 */
public final class PeerProcess {
  private static final Gson GSON = new Gson();
  private static final int ORPHANED = 3;
  private static final int FAILED = 1;

  /** A small store on which all rows run first, so that their code is compiled. */
  private static final long WARM_UP_BYTES = 8L << 20;

  private static final long WARM_UP_CELL_NANOS = 60_000_000;

  private final PeerTask task;
  private final Peer peer;
  private final PrintStream out;

  private PeerProcess(PeerTask task, PrintStream out) {
    this.task = task;
    this.out = out;
    peer = Peer.named(task.peer());
  }

  /** Runs the task that the first line of standard input holds. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(
            new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8));
    PeerTask task = GSON.fromJson(in.readLine(), PeerTask.class);
    Thread.ofPlatform().daemon(true).name("dmalloc-parent-watch").start(() -> haltAtEnd(in));
    int status = 0;
    PeerProcess process = new PeerProcess(task, out);
    try {
      process.run();
      process.tell(PeerMessage.Kind.END, null, "", null);
    } catch (IOException | RuntimeException | Error e) {
      process.tell(PeerMessage.Kind.BROKEN, null, oneLine(e), null);
      status = FAILED;
    }
    // Not a return: nothing that a library left behind may keep the process.
    Runtime.getRuntime().halt(status);
  }

  private static void haltAtEnd(BufferedReader in) {
    try {
      while (in.readLine() != null) {
        // Nothing more is said.
      }
    } catch (IOException e) {
      // A broken pipe means the same: nobody is there any more.
    }
    Runtime.getRuntime().halt(ORPHANED);
  }

  private void run() throws IOException {
    Path directory = Path.of(task.directory());
    Path warm = Files.createDirectory(directory.resolve("warm"));
    try (RowRunner runner =
        runner(new StorePlace(warm, WARM_UP_BYTES, task.cacheBytes()), WARM_UP_CELL_NANOS)) {
      runner.fill(note -> {});
      for (Row row : task.rows()) {
        if (row != Row.FILL && runner.lacks(row).isEmpty()) {
          runner.run(row);
        }
      }
    }
    ScratchDirectory.delete(warm);

    Path own = Files.createDirectory(directory.resolve("store"));
    StorePlace place =
        new StorePlace(
            own,
            task.byteSize() / PageContent.PAGE_BYTES * PageContent.PAGE_BYTES,
            task.cacheBytes());
    try (RowRunner runner = runner(place, task.cellNanos())) {
      tell(PeerMessage.Kind.BEGIN, Row.FILL, "", null);
      RowRun filled = runner.fill(note -> tell(PeerMessage.Kind.NOTE, null, note, null));
      if (task.rows().contains(Row.FILL)) {
        tell(PeerMessage.Kind.DONE, Row.FILL, "", filled);
      }
      for (Row row : task.rows()) {
        if (row != Row.FILL) {
          run(runner, row);
        }
      }
    }
  }

  private RowRunner runner(StorePlace place, long cellNanos) {
    return new RowRunner(
        peer, place, cellNanos, task.fillNanos(), task.seed(), task.stream(), task.device());
  }

  private void run(RowRunner runner, Row row) {
    tell(PeerMessage.Kind.BEGIN, row, "", null);
    try {
      Optional<String> reason = runner.lacks(row);
      if (reason.isPresent()) {
        tell(PeerMessage.Kind.LACKS, row, reason.get(), null);
      } else {
        tell(PeerMessage.Kind.DONE, row, "", runner.run(row));
      }
    } catch (IOException | RuntimeException e) {
      tell(PeerMessage.Kind.FAILED, row, oneLine(e), null);
    }
  }

  private static String oneLine(Throwable failure) {
    String message = failure.getMessage();
    return (message == null
            ? failure.toString()
            : failure.getClass().getSimpleName() + ": " + message)
        .lines()
        .findFirst()
        .orElse("");
  }

  private void tell(PeerMessage.Kind kind, @Nullable Row row, String text, @Nullable RowRun run) {
    out.println(PeerMessage.MARK + GSON.toJson(new PeerMessage(kind, row, text, run)));
  }
}
