/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.time.Duration;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** How a heap that is kept open is used. */
public record HeapOptionArguments(
    @Argument("--fixed: never makes the region larger") boolean fixed,
    @Argument(
            "--punch-after SECONDS: how long pages are free before their space is given back, or"
                + " never; default 10")
        @Nullable String punchAfter,
    @Argument("--punch-from SIZE=1m: the shortest run of free pages whose space is given back")
        ByteSize punchFrom,
    @Argument("--guards: watches bytes behind each block, and fills freed ones; for tests")
        boolean guards,
    @Argument("--sites COUNT=0: records the stack of one allocation in so many, for 'heap leaks'")
        Integer sites) {
  private static final String NEVER = "never";

  HeapOptions options() {
    return HeapOptions.DEFAULT
        .withGrowth(fixed ? HeapOptions.Growth.NONE : HeapOptions.Growth.IN_PLACE)
        .withPunchAfter(delay())
        .withPunchFrom(punchFrom.bytes())
        .withDebug(new HeapOptions.Debug(guards, sites));
  }

  private Duration delay() {
    if (punchAfter == null) {
      return HeapOptions.DEFAULT.punchAfter();
    }
    if (punchAfter.equals(NEVER)) {
      return HeapOptions.NEVER;
    }
    try {
      return Duration.ofSeconds(Integer.parseUnsignedInt(punchAfter));
    } catch (NumberFormatException e) {
      throw UsageException.of(
          "--punch-after '%s' is not a whole number of seconds; give one such as 10, or never",
          punchAfter);
    }
  }
}
