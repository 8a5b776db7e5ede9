/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.HexDump;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Stores bytes in a region. */
public final class WriteCommand extends Command {
  /** Makes the command. */
  public WriteCommand(Providers providers) {
    super("write", providers);
  }

  /** Stores bytes in a region. */
  @Descriptor("stores bytes in a region")
  public Message write(
      CommandSession session,
      RegionArguments which,
      @Descriptor("OFFSET: where to begin: 4096, 0x1000, 4k …") ByteSize offset,
      @Descriptor("[DATA]: the bytes, as text in UTF-8") @Nullable Object data,
      @Descriptor("takes DATA as hex digits, as in 'write 1 0 --hex 0aff'")
          @Parameter(
              names = {"-x", "--hex"},
              presentValue = "true",
              absentValue = "false")
          boolean hex,
      @Descriptor("FILE: takes the bytes from a file, in place of DATA")
          @Parameter(
              names = {"-f", "--file"},
              absentValue = "")
          @Nullable String file,
      @Descriptor("waits until the device has them")
          @Parameter(names = "--flush", presentValue = "true", absentValue = "false")
          boolean flush)
      throws IOException {
    if ((data == null) == (file == null)) {
      throw new UsageException(
          data == null
              ? "write: DATA is missing; give it, or --file"
              : "write: give DATA or --file, not both");
    }
    byte[] bytes = file != null ? content(Console.of(session).resolve(file)) : bytes(data, hex);
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      ByteRange range = ByteRange.of(lease, offset.bytes(), bytes.length);
      refuseReadOnly(lease);
      try (Access access = lease.region().acquire()) {
        MemorySegment.copy(
            bytes, 0, access.segment(), ValueLayout.JAVA_BYTE, range.offset(), bytes.length);
      }
      if (flush && bytes.length > 0) {
        lease.region().force(range.offset(), range.length());
      }
      return Message.of(
          String.format(
              Locale.ROOT,
              "wrote %d bytes at %d of %s",
              bytes.length,
              range.offset(),
              lease.label()));
    }
  }

  /** A store to a read-only segment is an exception of Java's own that names neither. */
  static void refuseReadOnly(RegionLookup.Lease lease) {
    if (lease.region().info().access() == AccessMode.READ_ONLY) {
      throw new UsageException(
          String.format(
              Locale.ROOT,
              "%s is open for reading only; free it and open it without --read-only",
              lease.label()));
    }
  }

  /** Only some of the system's refusals come with the file's name. */
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
      throw new UsageException(
          String.format(
              Locale.ROOT,
              "write: DATA '%s' is not hex; give an even number of digits 0-9 and a-f",
              text));
    }
  }
}
