/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import com.google.gson.Gson;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.compare.setup.LimitedJvm;
import org.dmalloc.measure.compare.setup.MemoryLimit;
import org.jspecify.annotations.Nullable;

/** Runs a task in a child JVM, inside a limit where there is one, and hears what it tells. */
public final class ChildRun {
  private static final Gson GSON = new Gson();

  private final Consumer<String> begins;
  private final List<Done> done = new ArrayList<>();
  private final Map<String, String> reasons = new LinkedHashMap<>();
  private final Map<String, String> failures = new LinkedHashMap<>();
  private String note = "";
  private long openNanos;
  private String current = "";
  private String broken = "";

  private ChildRun(Consumer<String> begins) {
    this.begins = begins;
  }

  /**
   * A step that is done.
   *
   * @param step its name
   * @param runs its figures, one for each part
   */
  public record Done(String step, List<Measurement> runs) {}

  /**
   * What a child told.
   *
   * @param note about its store; empty if it came to none
   * @param openNanos how long it took to make that
   * @param done the steps that it finished
   * @param lacks the steps that its store has no way to do, and why
   * @param failures the steps that failed, after which it went on, and why
   * @param broken why it ended early; empty if it did not
   * @param brokenIn the step that it was at then; empty if none
   * @param peakBytes the most that it was charged for; empty if unknown
   * @param cut whether it was ended because its time was over
   */
  public record Result(
      String note,
      long openNanos,
      List<Done> done,
      Map<String, String> lacks,
      Map<String, String> failures,
      String broken,
      String brokenIn,
      OptionalLong peakBytes,
      boolean cut) {}

  /**
   * Runs a task to its end. When the calling thread is interrupted, the child is ended first.
   *
   * @param jvm that of the child
   * @param place where it runs; null for no limit
   * @param begins hears the name of each step that begins
   * @param atMost how long it may take; then it is ended
   */
  public static Result run(
      LimitedJvm jvm,
      ChildTask task,
      MemoryLimit.@Nullable Place place,
      Consumer<String> begins,
      Duration atMost)
      throws IOException, InterruptedException {
    ChildRun run = new ChildRun(begins);
    LimitedJvm.End end = jvm.run(GSON.toJson(task), place, run::hear, atMost);
    String broken = run.broken.isEmpty() ? end.failure() : run.broken;
    return new Result(
        run.note,
        run.openNanos,
        run.done,
        run.reasons,
        run.failures,
        broken,
        broken.isEmpty() ? "" : run.current,
        end.peakBytes(),
        end.cut());
  }

  private boolean hear(String line) {
    if (!line.startsWith(ChildMessage.MARK)) {
      return false;
    }
    ChildMessage message =
        GSON.fromJson(line.substring(ChildMessage.MARK.length()), ChildMessage.class);
    switch (message.kind()) {
      case OPENED -> {
        note = message.text();
        openNanos = message.openNanos();
      }
      case BEGIN -> {
        current = message.step();
        begins.accept(current);
      }
      case DONE -> done.add(new Done(message.step(), message.runs()));
      case LACKS -> reasons.put(message.step(), message.text());
      case FAILED -> failures.put(message.step(), message.text());
      case BROKEN -> {
        broken = message.text();
        return true;
      }
      case END -> {
        return true;
      }
    }
    return false;
  }
}
