/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import com.google.gson.Gson;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.dmalloc.measure.compare.child.ChildMessage.Kind;
import org.dmalloc.measure.compare.setup.LimitedJvm;
import org.dmalloc.measure.compare.setup.MemoryLimit;
import org.jspecify.annotations.Nullable;

/**
 * The result of a task in a child JVM.
 *
 * @param messages the child's messages, in order
 * @param broken why it ended early; empty if it did not
 * @param peakBytes the peak of its charged memory; empty if unknown
 * @param cut whether the time limit ended it
 */
public record ChildRun(
    List<ChildMessage> messages, String broken, OptionalLong peakBytes, boolean cut) {
  private static final Gson GSON = new Gson();

  public ChildRun {
    messages = List.copyOf(messages);
  }

  /**
   * Runs a task to its end. An interrupt of the calling thread ends the child first.
   *
   * @param task makes the task from the file with the child's peak ({@link ChildTask#peakFile()})
   * @param limit makes the limited place of the child; null for no limit
   * @param begins receives the name of each step that begins
   * @param atMost the time limit of the child
   */
  public static ChildRun run(
      LimitedJvm jvm,
      Function<String, ChildTask> task,
      @Nullable MemoryLimit limit,
      long limitBytes,
      Consumer<String> begins,
      Duration atMost)
      throws IOException, InterruptedException {
    try (MemoryLimit.@Nullable Place place = limit == null ? null : limit.create(limitBytes)) {
      ChildTask made = task.apply(place == null ? "" : place.peakFile());
      List<ChildMessage> messages = new ArrayList<>();
      LimitedJvm.End end =
          jvm.run(
              GSON.toJson(made),
              place,
              line -> {
                if (!line.startsWith(ChildMessage.MARK)) {
                  return false;
                }
                ChildMessage message =
                    GSON.fromJson(line.substring(ChildMessage.MARK.length()), ChildMessage.class);
                messages.add(message);
                if (message.kind() == Kind.BEGIN) {
                  begins.accept(message.step());
                }
                return message.kind() == Kind.BROKEN || message.kind() == Kind.END;
              },
              atMost);
      String broken =
          of(messages, Kind.BROKEN).map(ChildMessage::text).findFirst().orElse(end.failure());
      return new ChildRun(messages, broken, end.peakBytes(), end.cut());
    }
  }

  private static Stream<ChildMessage> of(List<ChildMessage> messages, Kind kind) {
    return messages.stream().filter(message -> message.kind() == kind);
  }

  public List<ChildMessage> of(Kind kind) {
    return of(messages, kind).toList();
  }

  /** The time to make the store; 0 if none was made. */
  public long openNanos() {
    return of(Kind.OPENED).stream().mapToLong(ChildMessage::openNanos).sum();
  }
}
