/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.TimeSpan;
import org.jspecify.annotations.Nullable;

/** How checkpoints are kept. What is not given is as it was the last time. */
public record KeepArguments(
    @Argument(
            "--to STORE: a directory, which is made, or an address such as s3://…; default the"
                + " store of the last time, as for all of these options")
        @Nullable String to,
    @Argument(
            "--keep RETENTION: which checkpoints stay, as INTERVAL:AGE,…; at first"
                + " all:1h,1h:1d,1d:30d; all:ever keeps all")
        @Nullable String retention,
    @Argument("--owner OWNER: who may go on after a crash; at first the host and the file")
        @Nullable String owner,
    @Argument("--take-over: also if another owner has it, who is told at its next write")
        boolean takeOver,
    @Argument("--base-every TIME: copies all anew so often, such as 7d; at first only where needed")
        @Nullable TimeSpan baseEvery,
    @Argument("--rate RATE: the most bytes to write to the store per second; 0 for no limit")
        @Nullable ByteSize rate,
    @Argument(
            "--spool DIR: where waits what a store that is not local is to get; at first beside"
                + " the region's file")
        @Nullable String spool,
    @Argument("--spool-size SIZE: the most that may wait there; at first 16g")
        @Nullable ByteSize spoolSize) {

  /** The options of the service: what is given, over those of the last time. */
  KeepOptions over(KeepOptions last, Console console) {
    KeepOptions options = takeOver ? last.takingOver() : last;
    if (retention != null) {
      options = options.withRetention(RetentionPolicy.parse(retention));
    }
    if (owner != null) {
      options = options.withOwner(owner);
    }
    if (baseEvery != null) {
      options = options.withBaseEvery(baseEvery.duration());
    }
    if (rate != null) {
      options = options.withBytesPerSecond(rate.bytes());
    }
    if (spool != null) {
      options = options.withSpool(console.resolve(spool).toAbsolutePath());
    }
    return spoolSize == null ? options : options.withSpoolBytes(spoolSize.bytes());
  }
}
