/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.compare.child.ChildMessage.Kind;
import org.dmalloc.measure.compare.child.ChildTask.Step;
import org.dmalloc.measure.machine.KernelCounter;

/**
 * The program of a child JVM. It reads a {@link ChildTask}, runs it over a {@link Subject}, and
 * writes a {@link ChildMessage} for each step. It ends at once when its standard input does, so
 * that it never outlives the command that started it.
 */
public final class ChildProcess {
  private static final Gson GSON = new Gson();
  private static final int ORPHANED = 3;
  private static final int FAILED = 1;

  private final ChildTask task;
  private final Subject subject;
  private final PrintStream out;
  private final KernelCounter counter;

  private ChildProcess(ChildTask task, Subject subject, PrintStream out) {
    this.task = task;
    this.subject = subject;
    this.out = out;
    counter = KernelCounter.withPeaks(task.devices(), task.peakFile());
  }

  @FunctionalInterface
  public interface Maker {
    Subject subject(ChildTask task) throws IOException;
  }

  /** Runs the task in the first line of standard input, and ends the JVM. */
  public static void main(Maker subjects) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(
            new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8));
    ChildTask task = GSON.fromJson(in.readLine(), ChildTask.class);
    Thread.ofPlatform().daemon(true).name("dmalloc-parent-watch").start(() -> haltAtEnd(in));
    int status = 0;
    try {
      ChildProcess process = new ChildProcess(task, subjects.subject(task), out);
      process.run();
      process.send(Kind.END, "", "");
    } catch (IOException | RuntimeException | Error e) {
      send(out, new ChildMessage(Kind.BROKEN, "", oneLine(e), 0, List.of()));
      status = FAILED;
    }
    // Halt instead of return: threads that the store left behind must not keep the process.
    Runtime.getRuntime().halt(status);
  }

  private static void haltAtEnd(BufferedReader in) {
    try {
      in.transferTo(Writer.nullWriter());
    } catch (IOException e) {
      // A broken pipe also means that the parent has ended.
    }
    Runtime.getRuntime().halt(ORPHANED);
  }

  private void run() throws IOException {
    Path directory = Path.of(task.directory());
    if (task.rehearsalBytes() > 0) {
      Path small = Files.createDirectory(directory.resolve("rehearsal"));
      try (SubjectSession session = session(small, task.rehearsalBytes())) {
        session.fill(task.fill().withLimit(task.rehearsalNanos()), task.ramBytes());
        for (Step step : task.steps()) {
          if (session.lacks(step).isEmpty()) {
            session.run(step, task.rehearsalNanos());
          }
        }
      }
      OpenDirectory.delete(small);
      directory = Files.createDirectory(directory.resolve("store"));
    }
    try (SubjectSession session = session(directory, task.byteSize())) {
      long begin = System.nanoTime();
      PageStore store = session.open(ChildTask.FILL);
      long openNanos = System.nanoTime() - begin;
      send(out, new ChildMessage(Kind.OPENED, "", store.note(), openNanos, List.of()));
      send(Kind.BEGIN, ChildTask.FILL, "");
      Measurement filled = session.fill(task.fill(), task.ramBytes());
      if (task.measuresFill()) {
        send(out, new ChildMessage(Kind.DONE, ChildTask.FILL, "", 0, List.of(filled)));
      }
      for (Step step : task.steps()) {
        run(session, step);
      }
    }
  }

  private SubjectSession session(Path directory, long byteSize) {
    return new SubjectSession(subject, directory, byteSize, counter);
  }

  private void run(SubjectSession session, Step step) throws IOException {
    send(Kind.BEGIN, step.name(), "");
    try {
      Optional<String> reason = session.lacks(step);
      if (reason.isPresent()) {
        send(Kind.LACKS, step.name(), reason.get());
      } else {
        List<Measurement> runs = session.run(step, RunOptions.UNLIMITED);
        send(out, new ChildMessage(Kind.DONE, step.name(), "", 0, runs));
      }
    } catch (IOException | RuntimeException e) {
      if (!step.fromCold()) {
        throw e;
      }
      send(Kind.FAILED, step.name(), oneLine(e));
    }
  }

  private void send(Kind kind, String step, String text) {
    send(out, new ChildMessage(kind, step, text, 0, List.of()));
  }

  private static void send(PrintStream out, ChildMessage message) {
    out.println(ChildMessage.MARK + GSON.toJson(message));
  }

  private static String oneLine(Throwable thrown) {
    String message = thrown.getMessage();
    return message == null || message.isBlank()
        ? thrown.getClass().getName()
        : message.lines().findFirst().orElse(message);
  }
}
