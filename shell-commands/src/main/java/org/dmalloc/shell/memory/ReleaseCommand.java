/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/** Lets go of a region's pages for a while. */
public final class ReleaseCommand extends Command {
  private final RegionLookup lookup;

  /** Makes the command. */
  public ReleaseCommand(Providers providers) {
    super("release", providers);
    this.lookup = new RegionLookup(providers);
  }

  /** Says that a region, or a range of it, is not needed for a while. */
  @Descriptor("says that a region, or a range of it, is not needed for a while; content stays")
  public Message release(
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
    try (RegionLookup.Lease lease = lookup.lease(id, AccessMode.READ_WRITE, backend)) {
      if (offset == null && length == null) {
        lease.region().release(); // also beside a resize
        return Message.of("released all of " + lease.label());
      }
      long start = offset == null ? 0 : offset.bytes();
      long count = length == null ? Math.max(0, lease.region().byteSize() - start) : length.bytes();
      ByteRange range = ByteRange.of(lease, start, count);
      lease.region().release(range.offset(), range.length());
      return Message.of(
          String.format(Locale.ROOT, "released %s of %s", ByteSize.format(count), lease.label()));
    }
  }
}
