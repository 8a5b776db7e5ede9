/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.LostOutputException;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.HexDump;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Stores bytes in a region, and shows them. */
public final class ContentCommands extends CommandSet {
  private static final long DEFAULT_LENGTH = 256;
  private static final long DUMP_LIMIT = 16L << 20;

  public ContentCommands(Providers providers) {
    super(providers, "write", "read", "fill");
  }

  @Descriptor("stores bytes in a region")
  @Affects(Effect.WRITE)
  public Message write(
      CommandSession session,
      RegionArguments which,
      @Argument("OFFSET: where to begin: 4096, 0x1000, 4k …") ByteSize offset,
      @Argument("[DATA]: the bytes, as text in UTF-8") @Nullable Object data,
      @Argument("-x, --hex: takes DATA as hex digits, as in 'write 1 0 --hex 0aff'") boolean hex,
      @Argument("-f, --file FILE: takes the bytes from a file, in place of DATA")
          @Nullable String file,
      @Argument("--flush: waits until the device has them") boolean flush)
      throws IOException {
    if ((data == null) == (file == null)) {
      throw new UsageException(
          data == null
              ? "write: DATA is missing; give it, or --file"
              : "write: give DATA or --file, not both");
    }
    byte[] bytes = file != null ? content(Console.of(session).resolve(file)) : bytes(data, hex);
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE);
        ProgressLine progress = Console.of(session).progress("grow " + lease.label())) {
      long before = lease.region().byteSize();
      ByteRange range = ByteRange.toWrite(lease, offset.bytes(), bytes.length, progress);
      store(bytes, range);
      if (flush && bytes.length > 0) {
        lease.region().force(range.offset(), range.length());
      }
      return Message.of(
          "wrote %s at %d of %s%s",
          ByteSize.count(bytes.length), range.offset(), lease.label(), grown(lease, before));
    }
  }

  @Descriptor("shows bytes of a region, in hex and as text")
  @Affects(Effect.READ)
  public @Nullable Object read(
      CommandSession session,
      RegionArguments which,
      @Argument("[OFFSET]: where to begin: 4096, 0x1000, 4k; default 0") @Nullable ByteSize offset,
      @Argument("[LENGTH]: how many bytes; default 256, or less at the end")
          @Nullable ByteSize length,
      @Argument("--raw: writes the bytes as they are, any number of them") boolean raw,
      @Argument("--json: offset, length, hex and text as JSON") boolean json)
      throws IOException, InterruptedException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_ONLY)) {
      long start = offset == null ? 0 : offset.bytes();
      long rest = Math.max(0, lease.region().byteSize() - start);
      long count = length == null ? Math.min(raw ? rest : DEFAULT_LENGTH, rest) : length.bytes();
      ByteRange range = ByteRange.of(lease, start, count);
      if (raw) {
        writeRaw(range, Console.of(session).out());
        return null;
      }
      if (count > DUMP_LIMIT) {
        throw UsageException.of(
            "read: LENGTH %s is too long for a dump, the most is %s; read less, or use --raw",
            ByteSize.format(count), ByteSize.format(DUMP_LIMIT));
      }
      HexDump dump = new HexDump(start, bytes(range));
      return json ? new JsonResult(dump.fields()) : dump;
    }
  }

  @Descriptor("fills a region, or a range of it, with one byte")
  @Affects(Effect.WRITE)
  public Message fill(
      CommandSession session,
      RegionArguments which,
      @Argument("-w, --with BYTE=0x5a: the byte, 0 to 255, in hex 0x00 to 0xff") ByteSize with,
      RangeArguments part)
      throws IOException, CommandFailure {
    long value = with.bytes();
    if (value > 0xff) {
      throw UsageException.of("fill: --with %d: not a byte; give 0 to 255", value);
    }
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      long before = lease.region().byteSize();
      ByteRange range;
      try (ProgressLine growth = Console.of(session).progress("grow " + lease.label())) {
        range = part.toWrite(lease, growth);
      }
      try (ProgressLine progress = Console.of(session).progress("fill " + lease.label())) {
        long done =
            range.eachChunk(
                "fill",
                (segment, at) -> {
                  segment.fill((byte) value);
                  progress.progressed(at + segment.byteSize() - range.offset(), range.length());
                });
        if (done < range.length()) {
          throw CommandFailure.because(
              null,
              "fill: interrupted; %d of %s at %d of %s are filled, the rest is as it was%s",
              done,
              ByteSize.count(range.length()),
              range.offset(),
              lease.label(),
              grown(lease, before));
        }
        return Message.of(
            "filled %s of %s with 0x%02x in %.2f s%s",
            ByteSize.exact(range.length()),
            lease.label(),
            value,
            progress.seconds(),
            grown(lease, before));
      }
    }
  }

  private static String grown(RegionLookup.Lease lease, long before) {
    long now = lease.region().byteSize();
    return now == before ? "" : "; it has grown to " + ByteSize.exact(now);
  }

  /** Only some of the system's failures name the file. */
  private static byte[] content(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      FileSystemException named = new FileSystemException(file.toString(), null, e.getMessage());
      named.initCause(e);
      throw named;
    }
  }

  private static byte[] bytes(@Nullable Object data, boolean hex) {
    if (data instanceof HexDump dump) {
      return dump.bytes();
    }
    String text = String.valueOf(data);
    if (!hex) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    try {
      return HexFormat.of().parseHex(text.replaceAll("\\s+", ""));
    } catch (IllegalArgumentException e) {
      throw UsageException.of(
          "write: DATA '%s' is not hex; give an even number of digits 0-9 and a-f", text);
    }
  }

  private static void store(byte[] bytes, ByteRange range) throws MemoryException {
    BusErrors.in(
        range.region(),
        "write",
        () -> {
          try (Access access = range.region().acquire(range.offset(), bytes.length)) {
            MemorySegment.copy(bytes, 0, access.segment(), ValueLayout.JAVA_BYTE, 0, bytes.length);
          }
          return range;
        });
  }

  private static byte[] bytes(ByteRange range) throws MemoryException {
    return BusErrors.in(
        range.region(),
        "read",
        () -> {
          try (Access access = range.region().acquire()) {
            return access
                .segment()
                .asSlice(range.offset(), range.length())
                .toArray(ValueLayout.JAVA_BYTE);
          }
        });
  }

  private static void writeRaw(ByteRange range, PrintStream out)
      throws IOException, InterruptedException {
    long done =
        range.eachChunk(
            "read",
            (segment, at) -> {
              out.write(segment.toArray(ValueLayout.JAVA_BYTE));
              if (out.checkError()) {
                throw new LostOutputException();
              }
            });
    if (done < range.length()) {
      throw new InterruptedException();
    }
  }
}
