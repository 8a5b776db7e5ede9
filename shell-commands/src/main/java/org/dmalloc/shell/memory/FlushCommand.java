/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/** Forces a region to its device. */
public final class FlushCommand extends Command {
  private final RegionLookup lookup;

  /** Makes the command. */
  public FlushCommand(Providers providers) {
    super("flush", providers);
    this.lookup = new RegionLookup(providers);
  }

  /** Writes changed pages to the file and waits until the device has them. */
  @Descriptor("writes changed pages to the file and waits until the device has them")
  public Message flush(
      CommandSession session,
      @Descriptor("ID: id or name of the region; a stored one is opened for this") Object id,
      @Descriptor("OFFSET: where the range begins; without it 0")
          @Parameter(names = "--offset", absentValue = "")
          @Nullable ByteSize offset,
      @Descriptor("LENGTH: how long the range is; without it to the end")
          @Parameter(names = "--length", absentValue = "")
          @Nullable ByteSize length,
      @Descriptor("BACKEND: whose region, where several have one of this name")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend)
      throws MemoryException {
    try (RegionLookup.Lease lease = lookup.lease(id, AccessMode.READ_WRITE, backend);
        ProgressLine progress = Console.of(session).progress("flush " + lease.label())) {
      if (offset == null && length == null) {
        lease.region().force(); // also beside a resize
        return flushed(lease, progress);
      }
      long start = offset == null ? 0 : offset.bytes();
      long count = length == null ? Math.max(0, lease.region().byteSize() - start) : length.bytes();
      ByteRange range = ByteRange.of(lease, start, count);
      lease.region().force(range.offset(), range.length());
      return flushed(lease, progress);
    }
  }

  private static Message flushed(RegionLookup.Lease lease, ProgressLine progress) {
    return Message.of(
        String.format(Locale.ROOT, "flushed %s in %.2f s", lease.label(), progress.seconds()));
  }
}
