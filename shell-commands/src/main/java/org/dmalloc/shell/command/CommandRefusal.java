/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.Optional;
import org.dmalloc.shell.syntax.UsageException;

/** Tells why a command that could be here is refused. */
@FunctionalInterface
public interface CommandRefusal {
  /**
   * The reason.
   *
   * @param name the whole name, of one word or two
   * @return empty if no command of that name is refused
   */
  Optional<UsageException> of(String name);
}
