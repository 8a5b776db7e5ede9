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

/** Grows or shrinks a region. */
public final class ResizeCommand extends Command {
  /** Makes the command. */
  public ResizeCommand(Providers providers) {
    super("resize", providers);
  }

  /** Grows or shrinks a region. */
  @Descriptor("grows or shrinks a region; kept bytes stay, new ones are zero")
  public Message resize(
      RegionArguments which,
      @Descriptor("SIZE: the new size: 4096, 64k, 512m, 1.5g …") ByteSize size)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      long before = lease.region().byteSize();
      lease.region().resize(size.bytes());
      return Message.of(
          String.format(
              Locale.ROOT,
              "resized %s from %s to %s",
              lease.label(),
              ByteSize.format(before),
              size));
    }
  }
}
