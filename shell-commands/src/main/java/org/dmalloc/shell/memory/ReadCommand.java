/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.LostOutputException;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.HexDump;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Shows bytes of a region. */
public final class ReadCommand extends Command {
  private static final long DEFAULT_LENGTH = 256;
  private static final long DUMP_LIMIT = 16L << 20;

  /** Makes the command. */
  public ReadCommand(Providers providers) {
    super("read", providers);
  }

  /** Shows bytes of a region in hex and text. */
  @Descriptor("shows bytes of a region, in hex and as text")
  public @Nullable Object read(
      CommandSession session,
      RegionArguments which,
      @Descriptor("[OFFSET]: where to begin: 4096, 0x1000, 4k; without it 0")
          @Nullable ByteSize offset,
      @Descriptor("[LENGTH]: how many bytes; without it 256, or less at the end")
          @Nullable ByteSize length,
      @Descriptor("writes the bytes as they are, any number of them")
          @Parameter(names = "--raw", presentValue = "true", absentValue = "false")
          boolean raw,
      @Descriptor("offset, length, hex and text as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json)
      throws IOException, InterruptedException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_ONLY)) {
      MemoryRegion region = lease.region();
      long start = offset == null ? 0 : offset.bytes();
      long rest = Math.max(0, region.byteSize() - start);
      long count = length == null ? Math.min(raw ? rest : DEFAULT_LENGTH, rest) : length.bytes();
      ByteRange range = ByteRange.of(lease, start, count);
      if (raw) {
        writeRaw(range, Console.of(session));
        return null;
      }
      if (count > DUMP_LIMIT) {
        throw new UsageException(
            String.format(
                Locale.ROOT,
                "read: LENGTH %s is too long for a dump, the most is %s; read less, or use --raw",
                ByteSize.format(count),
                ByteSize.format(DUMP_LIMIT)));
      }
      HexDump dump = new HexDump(start, bytes(range));
      return json ? new JsonResult(dump.fields()) : dump;
    }
  }

  private static byte[] bytes(ByteRange range) {
    try (Access access = range.region().acquire()) {
      return access
          .segment()
          .asSlice(range.offset(), range.length())
          .toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static void writeRaw(ByteRange range, Console console)
      throws IOException, InterruptedException {
    PrintStream out = console.out();
    range.eachChunk(
        (segment, at) -> {
          out.write(segment.toArray(ValueLayout.JAVA_BYTE));
          if (out.checkError()) {
            throw new LostOutputException();
          }
        });
  }

  /** A chunk of a region inside an access section. */
  @FunctionalInterface
  interface Chunk {
    void accept(MemorySegment segment, long offset) throws IOException;
  }
}
