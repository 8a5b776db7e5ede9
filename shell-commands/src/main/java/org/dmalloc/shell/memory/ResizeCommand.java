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

/** Grows or shrinks a region. */
public final class ResizeCommand extends Command {
  private final RegionLookup lookup;

  /** Makes the command. */
  public ResizeCommand(Providers providers) {
    super("resize", providers);
    this.lookup = new RegionLookup(providers);
  }

  /** Grows or shrinks a region. */
  @Descriptor("grows or shrinks a region; kept bytes stay, new ones are zero")
  public Message resize(
      @Descriptor("ID: id or name of the region; a stored one is opened for this") Object id,
      @Descriptor("SIZE: the new size: 4096, 64k, 512m, 1.5g …") ByteSize size,
      @Descriptor("BACKEND: whose region, where several have one of this name")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend)
      throws MemoryException {
    try (RegionLookup.Lease lease = lookup.lease(id, AccessMode.READ_WRITE, backend)) {
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
