/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Passes advice about a region on to the kernel. */
public final class AdviseCommand extends Command {
  private final RegionLookup lookup;

  /** Makes the command. */
  public AdviseCommand(Providers providers) {
    super("advise", providers);
    this.lookup = new RegionLookup(providers);
  }

  /** Gives the kernel advice about a region, or a range of it. */
  @Descriptor("gives the kernel advice about a region, or a range of it")
  public Message advise(
      @Descriptor("ID: id or name of the region; a stored one is opened for this") Object id,
      @Descriptor("ADVICE: what madvise(2) is told") Advice advice,
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
    try (RegionLookup.Lease lease = lookup.lease(id, AccessMode.READ_WRITE, backend)) {
      String kept = lease.borrowed() ? "" : "; it was open for this command only, 'open' keeps it";
      if (offset == null && length == null) {
        lease.region().advise(advice); // also beside a resize
        return Message.of(
            String.format(
                Locale.ROOT, "advised %s for all of %s%s", Words.of(advice), lease.label(), kept));
      }
      long start = offset == null ? 0 : offset.bytes();
      long count = length == null ? Math.max(0, lease.region().byteSize() - start) : length.bytes();
      ByteRange range = ByteRange.of(lease, start, count);
      lease.region().advise(advice, range.offset(), range.length());
      return Message.of(
          String.format(
              Locale.ROOT,
              "advised %s for %s of %s%s",
              Words.of(advice),
              ByteSize.format(count),
              lease.label(),
              kept));
    }
  }
}
