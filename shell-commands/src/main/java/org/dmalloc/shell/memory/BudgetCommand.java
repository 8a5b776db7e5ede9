/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Bounds what a region has in RAM. */
public final class BudgetCommand extends Command {
  private static final String NONE = "none";

  /** Makes the command. */
  public BudgetCommand(Providers providers) {
    super("budget", providers);
  }

  /** Keeps the part of a region that is in RAM within a budget. */
  @Descriptor("keeps the part of a region that is in RAM within a budget, or lifts the bound")
  public Message budget(
      @Descriptor("ID: id or name of the region, which must be open") Object id,
      @Descriptor("SIZE: how much may be in RAM: 64k, 512m, 1.5g …; or none") String size)
      throws MemoryException {
    long bytes = parse(size);
    try (RegionLookup.Lease lease = lookup().lease(id, AccessMode.READ_WRITE, null)) {
      if (!lease.borrowed()) {
        throw new UsageException(
            String.format(
                Locale.ROOT,
                "%s is not open, and a budget ends with its region; 'open' it first",
                lease.label()));
      }
      lease.region().limitResident(bytes);
      return Message.of(
          String.format(Locale.ROOT, "budget of %s: %s", lease.label(), format(bytes)));
    }
  }

  /** A budget as written, or no bound for {@code none} and null. */
  static long parse(@Nullable String size) {
    if (size == null || size.strip().equalsIgnoreCase(NONE)) {
      return RegionRequest.NO_BUDGET;
    }
    long bytes = ByteSize.parse(size, "SIZE").bytes();
    if (bytes == 0) {
      throw new UsageException("budget of 0 bytes; give at least 1, or " + NONE);
    }
    return bytes;
  }

  static String format(long budgetBytes) {
    return budgetBytes == RegionRequest.NO_BUDGET ? NONE : ByteSize.format(budgetBytes);
  }
}
