/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;
import org.osgi.framework.Version;

/** What an interactive shell says first; a profile calls it. */
public final class WelcomeCommand implements Function {
  /** The name of the function; shells hide names that begin so. */
  public static final String FUNCTION = "__welcome";

  private final Providers providers;
  private final Version version;

  public WelcomeCommand(Providers providers, Version version) {
    this.providers = providers;
    this.version = version;
  }

  @Override
  public Object execute(CommandSession session, List<Object> arguments) {
    // The lines are laid out here, the names of backends are anybody's.
    List<String> names = providers.names().stream().map(VisibleText::of).toList();
    Message message =
        new Message(
            "dmalloc "
                + version
                + " on Java "
                + Runtime.version().feature()
                + (names.isEmpty() ? ", no backend" : ", backends " + String.join(", ", names))
                + "\n'help' lists the commands, TAB completes, Ctrl-C stops a command, Ctrl-D ends.");
    Console.of(session).print(message);
    return message;
  }
}
