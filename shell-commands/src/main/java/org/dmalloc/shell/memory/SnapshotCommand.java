/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/** Makes snapshots of regions while they are used. */
public final class SnapshotCommand extends CommandSet {
  public SnapshotCommand(Providers providers) {
    super(providers, "snapshot");
  }

  @Descriptor(
      "copies a region as it is at one moment, while it is used, to a stored one that is read-only;"
          + " Ctrl-C leaves nothing")
  @Affects(Effect.READ)
  public Printable snapshot(
      CommandSession session,
      @Argument("ID: id or name of the region; a stored one is opened for this") Object id,
      @Argument("NAME: the name of the snapshot") String name,
      @Argument(
              "-b, --backend BACKEND: the backend whose store gets it; default the one that the"
                  + " region lies on")
          @Nullable String backend,
      @Argument("-d, --directory DIR: the directory that gets it, in place of the backend's own")
          @Nullable String directory,
      @Argument("--rate RATE: the most bytes to copy per second; default no limit")
          @Nullable ByteSize rate,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    RegionNames.checkNew(name);
    Console console = Console.of(session);
    SnapshotRequest request =
        SnapshotRequest.of(name).withDirectory(console.resolveGiven(directory));
    if (rate != null) {
      request = request.withBytesPerSecond(rate.bytes());
    }
    @Nullable Backend target = backend == null ? null : providers().choose(backend);
    try (RegionLookup.Lease lease = lookup().lease(id, AccessMode.READ_ONLY, null);
        ProgressLine progress = console.progress("snapshot " + lease.label())) {
      SnapshotRequest followed = request.withProgress(progress);
      SnapshotResult result =
          target == null
              ? lease.region().snapshot(followed)
              : target.snapshot(lease.region(), followed);
      return json ? new JsonResult(result) : Message.of(describe(lease.label(), result));
    }
  }

  private static String describe(String label, SnapshotResult result) {
    double pauseMillis = result.pauseNanos() / 1e6;
    String how =
        switch (result.method()) {
          case REFLINK ->
              String.format(
                  Locale.ROOT,
                  "blocks shared, %s copied, pause %.2f ms",
                  result.copiedBytes() == 0 ? "nothing" : ByteSize.format(result.copiedBytes()),
                  pauseMillis);
          case READ_ONLY_COPY ->
              String.format(
                  Locale.ROOT,
                  "%s copied, no pause, %.0f MB/s",
                  ByteSize.format(result.copiedBytes()),
                  result.megabytesPerSecond());
          case PAUSED_COPY ->
              String.format(
                  Locale.ROOT,
                  "%s copied at once, pause %.2f ms",
                  ByteSize.format(result.copiedBytes()),
                  pauseMillis);
          case CHECKPOINT_COPY ->
              String.format(
                  Locale.ROOT,
                  "%s copied with its checkpoints, pause %.2f ms, %.0f MB/s",
                  ByteSize.format(result.copiedBytes()),
                  pauseMillis,
                  result.megabytesPerSecond());
          case TRACKED_COPY, COMPARED_COPY ->
              String.format(
                  Locale.ROOT,
                  "%s copied in %d passes (%s), pause %.2f ms, %.0f MB/s",
                  ByteSize.format(result.copiedBytes()),
                  result.passes(),
                  result.tracking(),
                  pauseMillis,
                  result.megabytesPerSecond());
        };
    return label + " → " + result.name() + ", " + how + "; " + result.path();
  }
}
