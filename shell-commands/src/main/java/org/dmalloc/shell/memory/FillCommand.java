/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Fills a region with one byte. */
public final class FillCommand extends Command {
  private static final ByteSize STANDARD = new ByteSize(0x5a);

  private final RegionLookup lookup;

  /** Makes the command. */
  public FillCommand(Providers providers) {
    super("fill", providers);
    this.lookup = new RegionLookup(providers);
  }

  /** Fills a region, or a range of it, with one byte. */
  @Descriptor("fills a region, or a range of it, with one byte")
  public Message fill(
      CommandSession session,
      @Descriptor("ID: id or name of the region; a stored one is opened for this") Object id,
      @Descriptor("BYTE: the byte, 0 to 255, in hex 0x00 to 0xff; without it 0x5a")
          @Parameter(
              names = {"-w", "--with"},
              absentValue = "")
          @Nullable ByteSize with,
      @Descriptor("OFFSET: where to begin; without it 0")
          @Parameter(names = "--offset", absentValue = "")
          @Nullable ByteSize offset,
      @Descriptor("LENGTH: how many bytes; without it to the end")
          @Parameter(names = "--length", absentValue = "")
          @Nullable ByteSize length,
      @Descriptor("BACKEND: whose region, where several have one of this name")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend)
      throws IOException, InterruptedException {
    long value = (with == null ? STANDARD : with).bytes();
    if (value > 0xff) {
      throw new UsageException(
          String.format(Locale.ROOT, "fill: --with %d is no byte; give 0 to 255", value));
    }
    try (RegionLookup.Lease lease = lookup.lease(id, AccessMode.READ_WRITE, backend)) {
      WriteCommand.refuseReadOnly(lease);
      long start = offset == null ? 0 : offset.bytes();
      long count = length == null ? Math.max(0, lease.region().byteSize() - start) : length.bytes();
      ByteRange range = ByteRange.of(lease, start, count);
      try (ProgressLine progress = Console.of(session).progress("fill " + lease.label())) {
        range.eachChunk(
            (segment, at) -> {
              segment.fill((byte) value);
              progress.progressed(at + segment.byteSize() - start, count);
            });
        return Message.of(
            String.format(
                Locale.ROOT,
                "filled %s of %s with 0x%02x in %.2f s",
                ByteSize.format(count),
                lease.label(),
                value,
                progress.seconds()));
      }
    }
  }
}
