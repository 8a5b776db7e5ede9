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

  /** Makes the command. */
  public FillCommand(Providers providers) {
    super("fill", providers);
  }

  /** Fills a region, or a range of it, with one byte. */
  @Descriptor("fills a region, or a range of it, with one byte")
  public Message fill(
      CommandSession session,
      RegionArguments which,
      @Descriptor("BYTE: the byte, 0 to 255, in hex 0x00 to 0xff; without it 0x5a")
          @Parameter(
              names = {"-w", "--with"},
              absentValue = "")
          @Nullable ByteSize with,
      RangeArguments part)
      throws IOException, InterruptedException {
    long value = (with == null ? STANDARD : with).bytes();
    if (value > 0xff) {
      throw new UsageException(
          String.format(Locale.ROOT, "fill: --with %d: not a byte; give 0 to 255", value));
    }
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      WriteCommand.refuseReadOnly(lease);
      ByteRange range = part.in(lease);
      try (ProgressLine progress = Console.of(session).progress("fill " + lease.label())) {
        range.eachChunk(
            (segment, at) -> {
              segment.fill((byte) value);
              progress.progressed(at + segment.byteSize() - range.offset(), range.length());
            });
        return Message.of(
            String.format(
                Locale.ROOT,
                "filled %s of %s with 0x%02x in %.2f s",
                ByteSize.format(range.length()),
                lease.label(),
                value,
                progress.seconds()));
      }
    }
  }
}
