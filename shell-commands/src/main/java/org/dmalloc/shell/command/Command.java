/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Job;
import org.apache.felix.service.command.Process;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.CommandLine;
import org.dmalloc.shell.syntax.CommandSyntax;
import org.dmalloc.shell.syntax.HelpPage;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * A command of scope {@code dmalloc}: a method of a {@link CommandSet}, whose result Gogo prints or
 * pipes on.
 *
 * <p>As a Gogo {@link Function} it receives its words unsorted, so that options work as in other
 * programs and every mistake has its own message; Gogo's own binding says "cannot coerce".
 */
public final class Command implements Function {
  private final String name;
  private final CommandSet set;
  private volatile @Nullable CommandSyntax syntax;
  private final Set<Running> running = ConcurrentHashMap.newKeySet();

  Command(CommandSet set, String name) {
    this.name = name;
    this.set = set;
  }

  /** Its name; that of a command in a {@link CommandGroup} has two words: {@code heap create}. */
  public String name() {
    return name;
  }

  /** The first word of a name of two; else empty. */
  public String group() {
    return name.substring(0, Math.max(0, name.indexOf(' ')));
  }

  /** The last word of its name, by which its method is called. */
  public String word() {
    return name.substring(name.indexOf(' ') + 1);
  }

  /**
   * Reads the annotations at the first call: to read those of all commands would take a twentieth
   * of a start. Throws {@link IllegalStateException} if they break the rules.
   */
  public CommandSyntax syntax() {
    CommandSyntax read = syntax;
    if (read == null) {
      read = CommandSyntax.of(set.getClass(), name, word());
      syntax = read;
    }
    return read;
  }

  public CommandSet set() {
    return set;
  }

  /** What it does to regions, as its method is marked; empty if it only lists. */
  public Set<Effect> effects() {
    for (Method method : set.getClass().getMethods()) {
      Affects affects = method.getAnnotation(Affects.class);
      if (affects != null && method.getName().equals(word())) {
        return Set.of(affects.value());
      }
    }
    return Set.of();
  }

  /**
   * Runs the command. Throws {@link UsageException} for a usage error, and {@link CommandFailure}
   * in one line if it fails.
   */
  @Override
  public @Nullable Object execute(CommandSession session, List<Object> arguments) throws Exception {
    CommandLine line = CommandLine.parse(syntax(), arguments);
    if (line.help()) {
      return fitting(session, new Message(HelpPage.of(syntax())));
    }
    Running here = Running.here();
    running.add(here);
    try {
      return fitting(session, invoke(line.bind(session)));
    } catch (Throwable thrown) {
      // The interrupt has done its work; a write would close Gogo's streams, which are channels.
      Thread.interrupted();
      if (line.verbose()) {
        Console.of(session).trace(thrown);
      }
      if (thrown instanceof UsageException usage) {
        throw usage;
      }
      throw CommandFailure.of(name, thrown, set.providers());
    } finally {
      synchronized (running) {
        running.remove(here);
        running.notifyAll();
      }
    }
  }

  private static @Nullable Object fitting(CommandSession session, @Nullable Object result) {
    OptionalInt width = Console.of(session).width();
    return result instanceof Printable printable && width.isPresent()
        ? printable.fitting(width.getAsInt())
        : result;
  }

  /**
   * Interrupts the command wherever it runs. Waits until it has freed what it took, and returns
   * whether it ended everywhere.
   */
  public boolean stop(Duration timeout) throws InterruptedException {
    boolean ended = stopRunning(timeout);
    set.stopped();
    return ended;
  }

  /** Interrupts the command for a job without a wait. Returns whether it runs there. */
  public boolean interrupt(Job job) {
    synchronized (running) {
      List<Running> those = running.stream().filter(each -> each.isFor(job)).toList();
      those.forEach(each -> each.thread.interrupt());
      return !those.isEmpty();
    }
  }

  private boolean stopRunning(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    synchronized (running) {
      running.forEach(each -> each.thread.interrupt());
      while (!running.isEmpty()) {
        long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (millis <= 0) {
          return false;
        }
        running.wait(millis);
      }
      return true;
    }
  }

  private @Nullable Object invoke(@Nullable Object[] values) throws Throwable {
    try {
      return syntax().invoke(set, values);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }

  /** A thread that runs the command, and its job, if any. */
  private record Running(Thread thread, @Nullable Job job) {
    static Running here() {
      @Nullable Process process = Process.Utils.current();
      return new Running(Thread.currentThread(), process == null ? null : process.job());
    }

    boolean isFor(Job root) {
      for (@Nullable Job each = job; each != null; each = each.parent()) {
        if (each.equals(root)) {
          return true;
        }
      }
      return false;
    }
  }
}
