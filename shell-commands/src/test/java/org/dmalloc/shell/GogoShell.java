/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Job;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.completion.Candidates;
import org.dmalloc.shell.output.PrintableConverter;
import org.dmalloc.shell.session.SessionFunctions;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.jspecify.annotations.Nullable;

/** Gogo with the commands, as in a framework. */
public final class GogoShell implements AutoCloseable {
  /** What completion offers where a path is expected. */
  public static final String PATHS = "(paths)";

  public final Providers providers = new Providers();
  public final ShellCommands commands = new ShellCommands(providers);
  public final ByteArrayOutputStream out = new ByteArrayOutputStream();
  public final ByteArrayOutputStream err = new ByteArrayOutputStream();
  public final CommandProcessorImpl processor;
  public final CommandSession session;

  private final CountedStreams threadIo = new CountedStreams();
  private int ranking = 100;

  /** The commands of this bundle over the given providers, the best first. */
  public GogoShell(InMemoryProvider... all) {
    this(List.of(), all);
  }

  /** With commands of other bundles. */
  public GogoShell(List<CommandSource> others, InMemoryProvider... all) {
    others.forEach(commands::add);
    for (InMemoryProvider provider : all) {
      providers.put(provider, new Backend.Service(ranking, ranking, null, ""));
      ranking--;
    }
    threadIo.start();
    processor = new CommandProcessorImpl(threadIo);
    processor.addConverter(new PrintableConverter());
    commands
        .functions()
        .forEach((name, function) -> processor.addCommand(ShellCommands.SCOPE, function, name));
    processor.addCommand(
        ShellCommands.SCOPE,
        SessionFunctions.unknown(commands::all, commands::refusal),
        SessionFunctions.UNKNOWN);
    session = processor.createSession(InputStream.nullInputStream(), out, err);
  }

  /** Runs a line and gives what the shell would print. */
  public String run(String line) throws Exception {
    Object result = session.execute(line);
    return result == null ? "" : session.format(result, Converter.INSPECT).toString();
  }

  /** Runs a line that must fail, and gives the line that the shell would print. */
  public String fail(String line) {
    Exception failure = failure(line);
    if (failure == null) {
      throw new AssertionError("'" + line + "' did not fail");
    }
    return failure.toString();
  }

  private @Nullable Exception failure(String line) {
    try {
      session.execute(line);
      return null;
    } catch (Exception e) {
      return e;
    }
  }

  /** What completion offers for one word of a line; {@link #PATHS} stands for paths. */
  public List<String> complete(List<String> words, int index) throws Exception {
    for (String paths : List.of("__files", "__directories")) {
      addFunction("gogo", paths, (session, arguments) -> List.of(PATHS));
    }
    Candidates candidates = new Candidates(providers, commands::all, commands.groups());
    return ((List<?>) candidates.execute(session, List.of(words, index)))
        .stream().map(Object::toString).toList();
  }

  /** The open regions; all providers must answer. */
  public List<Backend.Open> regions() {
    return providers.regions(
        fault -> {
          throw fault;
        });
  }

  public String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  public String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  public void addFunction(String scope, String name, Function function) {
    processor.addCommand(scope, function, name);
  }

  /** Gogo hands out its own list of jobs, which may change under the reader. */
  public void interruptJobs() {
    while (true) {
      try {
        List.copyOf(session.jobs()).forEach(Job::interrupt);
        return;
      } catch (ConcurrentModificationException e) {
        Thread.onSpinWait();
      }
    }
  }

  public static InputStream input(String... lines) {
    return new ByteArrayInputStream(
        List.of(lines).stream().collect(Collectors.joining("\n")).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    session.close();
    processor.stop();
    threadIo.awaitUnused();
    threadIo.stop();
  }

  /**
   * Counts the threads that have streams of their own: who gives them back puts Gogo's streams in
   * System.out again, also after the stop, and then no other shell starts in this JVM.
   */
  private static final class CountedStreams extends ThreadIOImpl {
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long RETRY_NANOS = 200_000;

    private final AtomicInteger used = new AtomicInteger();

    @Override
    public void setStreams(InputStream in, PrintStream newOut, PrintStream newErr) {
      used.incrementAndGet();
      super.setStreams(in, newOut, newErr);
    }

    @Override
    public void close() {
      try {
        super.close();
      } finally {
        used.decrementAndGet();
      }
    }

    void awaitUnused() {
      long deadline = System.nanoTime() + DEADLINE_NANOS;
      while (used.get() > 0) {
        if (System.nanoTime() - deadline > 0) {
          throw new AssertionError("a command has not ended");
        }
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }
}
