/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.apache.felix.service.command.Job;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * The effect of Ctrl-C on an interactive terminal while a command of this suite runs there.
 *
 * <p>Gogo returns to the prompt at once and prints an {@link InterruptedException}, while the
 * command still frees what it took. Here the first Ctrl-C only interrupts the command, and the
 * prompt returns after the command's own message. The next Ctrl-C, and any for other commands, goes
 * to Gogo.
 */
@NullUnmarked // Gogo's interfaces take null for "remove"
public final class InterruptKey implements CommandSessionListener {
  private final Supplier<List<Command>> commands;

  public InterruptKey(Supplier<List<Command>> commands) {
    this.commands = commands;
  }

  /** Runs before each line, because Gogo sets its own handler after the session's first lines. */
  @Override
  public void beforeExecute(CommandSession session, CharSequence line) {
    if (!(session.get(Console.TERMINAL) instanceof Terminal terminal)) {
      return;
    }
    session.put(Console.WIDTH, terminal.getWidth() > 0 ? terminal.getWidth() : null);
    Handler handler = new Handler(session);
    SignalHandler previous = terminal.handle(Signal.INT, handler);
    handler.gogo = previous instanceof Handler ours ? ours.gogo : previous;
  }

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Exception exception) {
    // The handler stays: it ignores foreign commands.
  }

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Object result) {
    // See above.
  }

  private final class Handler implements SignalHandler {
    private final CommandSession session;
    private volatile SignalHandler gogo = SignalHandler.SIG_DFL;
    private volatile @Nullable Job interrupted;

    Handler(CommandSession session) {
      this.session = session;
    }

    @Override
    public void handle(Signal signal) {
      Job job = session.foregroundJob();
      if (job != null && !Objects.equals(job, interrupted)) {
        boolean ours = false;
        for (Command command : commands.get()) {
          ours |= command.interrupt(job);
        }
        if (ours) {
          interrupted = job;
          return;
        }
      }
      gogo.handle(signal);
    }
  }
}
