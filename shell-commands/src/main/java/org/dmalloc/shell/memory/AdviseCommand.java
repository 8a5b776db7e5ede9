/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;

/** Passes advice about a region on to the kernel. */
public final class AdviseCommand extends Command {
  /** Makes the command. */
  public AdviseCommand(Providers providers) {
    super("advise", providers);
  }

  /** Gives the kernel advice about a region, or a range of it. */
  @Descriptor("gives the kernel advice about a region, or a range of it")
  public Message advise(
      RegionArguments which,
      @Descriptor("ADVICE: what madvise(2) is told") Advice advice,
      RangeArguments part)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      String kept = lease.borrowed() ? "" : "; it was open for this command only, 'open' keeps it";
      if (part.isWhole()) {
        lease.region().advise(advice); // also beside a resize
        return Message.of(
            String.format(
                Locale.ROOT, "advised %s for all of %s%s", Words.of(advice), lease.label(), kept));
      }
      ByteRange range = part.in(lease);
      lease.region().advise(advice, range.offset(), range.length());
      return Message.of(
          String.format(
              Locale.ROOT,
              "advised %s for %s of %s%s",
              Words.of(advice),
              ByteSize.format(range.length()),
              lease.label(),
              kept));
    }
  }
}
