/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.dmalloc.shell.command.Console;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * Says on an interactive terminal what Gogo does not when it takes a word with a question mark, as
 * addresses have, for names of files and finds none. Gogo prints its exception after that.
 */
@NullUnmarked // Gogo's interface
public final class UnmatchedPattern implements CommandSessionListener {
  /** How Gogo's message begins. */
  private static final String NO_MATCHES = "no matches found: ";

  private static final String NEXT_STEP =
      "put the word between ' where ?, * and [ are meant as they are";

  /** What to do about a failure; empty if it is another one. */
  public static String nextStep(@Nullable String message) {
    return message != null && message.startsWith(NO_MATCHES) ? NEXT_STEP : "";
  }

  @Override
  public void beforeExecute(CommandSession session, CharSequence line) {
    // The words are not known yet.
  }

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Exception exception) {
    String next = nextStep(exception.getMessage());
    if (!next.isEmpty() && session.get(Console.TERMINAL) != null) {
      session.getConsole().println("dmalloc: " + next);
    }
  }

  @Override
  public void afterExecute(CommandSession session, CharSequence line, Object result) {
    // Nothing is to say.
  }
}
