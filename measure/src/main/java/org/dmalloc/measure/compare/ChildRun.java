/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.dmalloc.measure.compare.cell.CellRun;
import org.dmalloc.measure.compare.child.ChildMessage;
import org.dmalloc.measure.compare.child.ChildTask;
import org.dmalloc.measure.compare.child.ContenderProcess;
import org.dmalloc.measure.compare.setup.ChildJvm;
import org.dmalloc.measure.compare.setup.MemoryLimit;
import org.jspecify.annotations.Nullable;

/** Runs one task in a child JVM, inside a limit where there is one, and hears what it tells. */
final class ChildRun {
  private static final Gson GSON = new Gson();

  private final ChildJvm jvm;

  /**
   * Prepares runs.
   *
   * @param classPath what the child needs, {@link ContenderProcess} included
   * @param heapBytes the child's Java heap
   * @param patience how long the child may say nothing before it is ended
   */
  ChildRun(List<Path> classPath, long heapBytes, Duration patience) {
    jvm = new ChildJvm(ContenderProcess.class.getName(), classPath, heapBytes, List.of(), patience);
  }

  /**
   * What a child told.
   *
   * @param note about its memory
   * @param runs the cells that it finished
   * @param refusals the workloads that it could not run, and why
   * @param failure why it ended early; empty if it did not
   * @param failedIn the workload that it was at then; empty if none
   * @param peakBytes the most that it was charged for; empty if unknown
   * @param cut whether it was ended because its time was over
   */
  record Result(
      String note,
      List<CellRun> runs,
      Map<String, String> refusals,
      String failure,
      String failedIn,
      OptionalLong peakBytes,
      boolean cut) {}

  /**
   * Runs a task to its end. When the calling thread is interrupted, the child is ended first.
   *
   * @param deadlineNanos when it is ended at the latest, by {@link System#nanoTime()}
   */
  Result run(
      ChildTask task,
      MemoryLimit.@Nullable Place place,
      Consumer<String> begins,
      long deadlineNanos)
      throws IOException, InterruptedException {
    Told told = new Told(begins);
    ChildJvm.End end =
        jvm.run(
            GSON.toJson(task),
            place,
            told::hear,
            Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime())));
    String failure = told.failure.isEmpty() ? end.failure() : told.failure;
    return new Result(
        told.note,
        told.runs,
        told.refusals,
        failure,
        failure.isEmpty() ? "" : told.current,
        end.peakBytes(),
        end.cut());
  }

  /** What a child has told so far. */
  private static final class Told {
    final Consumer<String> begins;
    final List<CellRun> runs = new ArrayList<>();
    final Map<String, String> refusals = new LinkedHashMap<>();
    String note = "";
    String current = "";
    String failure = "";

    Told(Consumer<String> begins) {
      this.begins = begins;
    }

    boolean hear(String line) {
      if (!line.startsWith(ChildMessage.MARK)) {
        return false;
      }
      ChildMessage message =
          GSON.fromJson(line.substring(ChildMessage.MARK.length()), ChildMessage.class);
      switch (message.kind()) {
        case READY -> note = message.text();
        case BEGIN -> {
          current = message.text();
          begins.accept(current);
        }
        case CELL -> {
          CellRun run = message.run();
          if (run != null) {
            runs.add(run);
          }
        }
        case REFUSED -> refusals.put(current, message.text());
        case FAILED -> failure = message.text();
        case DONE -> {
          return true;
        }
      }
      return message.kind() == ChildMessage.Kind.FAILED;
    }
  }
}
