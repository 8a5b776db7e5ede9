/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;

/**
 * Commands that a bundle adds to scope {@code dmalloc}, by registering this as a service. They are
 * there as long as the service is: in help, completion and at the prompt. When it goes, those that
 * run are interrupted and waited for.
 */
public interface CommandSource {
  /**
   * Makes the commands, in the order in which help lists them. Called once for each shell.
   *
   * @param providers where they find memory
   */
  List<CommandSet> commands(Providers providers);
}
