/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;

/**
 * A service by which a bundle adds commands to scope {@code dmalloc}. They exist in help,
 * completion and at the prompt as long as the service does. When it goes, running ones are
 * interrupted and waited for.
 */
public interface CommandSource {
  /**
   * Makes the commands in the order of help, once for each shell. They find memory in {@code
   * providers}.
   */
  List<CommandSet> commands(Providers providers);
}
