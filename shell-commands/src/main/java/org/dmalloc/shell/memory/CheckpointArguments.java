/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.TimeSpan;
import org.jspecify.annotations.Nullable;

/** How a checkpointed region, and its group, is checkpointed while it is open. */
public record CheckpointArguments(
    @Argument("--every TIME: a checkpoint at the latest that long after a change: 500ms, 5s, 2m …")
        @Nullable TimeSpan every,
    @Argument("--changed CHANGED: a checkpoint once that many bytes have changed: 64m …")
        @Nullable ByteSize changed,
    @Argument(
            "--bound BOUND: the most that changed pages may take until the file has them; default"
                + " an eighth of the memory")
        @Nullable ByteSize bound,
    @Argument(
            "--discard-on-close: closing goes back to the last checkpoint, in place of making one")
        boolean discardOnClose) {

  /** The options that were given, as they were written. */
  List<String> given() {
    List<String> given = new ArrayList<>();
    if (every != null) {
      given.add("--every");
    }
    if (changed != null) {
      given.add("--changed");
    }
    if (bound != null) {
      given.add("--bound");
    }
    if (discardOnClose) {
      given.add("--discard-on-close");
    }
    return given;
  }

  /** The options of the API, which hold as long as the region is open. */
  CheckpointOptions in(Console console, @Nullable String group) {
    AttributeOptions.refuseLost(console, String.join(" and ", given()), !given().isEmpty());
    return new CheckpointOptions(
        group,
        every == null ? Duration.ZERO : every.duration(),
        changed == null ? 0 : changed.bytes(),
        bound == null ? 0 : bound.bytes(),
        !discardOnClose);
  }
}
