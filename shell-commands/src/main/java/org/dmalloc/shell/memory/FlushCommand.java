/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;

/** Forces a region to its device. */
public final class FlushCommand extends Command {
  /** Makes the command. */
  public FlushCommand(Providers providers) {
    super("flush", providers);
  }

  /** Writes changed pages to the file and waits until the device has them. */
  @Descriptor("writes changed pages to the file and waits until the device has them")
  public Message flush(CommandSession session, RegionArguments which, RangeArguments part)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE);
        ProgressLine progress = Console.of(session).progress("flush " + lease.label())) {
      if (part.isWhole()) {
        lease.region().force(); // also beside a resize
        return flushed(lease, progress);
      }
      ByteRange range = part.in(lease);
      lease.region().force(range.offset(), range.length());
      return flushed(lease, progress);
    }
  }

  private static Message flushed(RegionLookup.Lease lease, ProgressLine progress) {
    return Message.of(
        String.format(Locale.ROOT, "flushed %s in %.2f s", lease.label(), progress.seconds()));
  }
}
