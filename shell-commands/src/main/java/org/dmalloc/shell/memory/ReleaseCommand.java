/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;

/** Lets go of a region's pages for a while. */
public final class ReleaseCommand extends Command {
  /** Makes the command. */
  public ReleaseCommand(Providers providers) {
    super("release", providers);
  }

  /** Says that a region, or a range of it, is not needed for a while. */
  @Descriptor("says that a region, or a range of it, is not needed for a while; content stays")
  public Message release(RegionArguments which, RangeArguments part) throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      if (part.isWhole()) {
        lease.region().release(); // also beside a resize
        return Message.of("released all of " + lease.label());
      }
      ByteRange range = part.in(lease);
      lease.region().release(range.offset(), range.length());
      return Message.of(
          String.format(
              Locale.ROOT, "released %s of %s", ByteSize.format(range.length()), lease.label()));
    }
  }
}
