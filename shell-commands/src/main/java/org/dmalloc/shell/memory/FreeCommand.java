/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.UsageException;

/** Closes regions. */
public final class FreeCommand extends Command {
  /** Makes the command. */
  public FreeCommand(Providers providers) {
    super("free", providers);
  }

  /** Closes regions; named ones stay stored. */
  @Descriptor("closes regions: an unnamed one is gone, a named one stays stored")
  public Message free(
      CommandSession session,
      @Descriptor("[ID…]: ids or names of open regions") List<Object> ids,
      @Descriptor("all open regions")
          @Parameter(
              names = {"-a", "--all"},
              presentValue = "true",
              absentValue = "false")
          boolean all) {
    if (all == !ids.isEmpty()) {
      throw new UsageException("free: give the ids of regions, or --all; see 'regions'");
    }
    // All are looked up before the first is closed: a mistyped one then closes nothing.
    List<MemoryRegion> regions =
        all
            ? providers().regions(warn(session)).stream().map(Backend.Open::region).toList()
            : ids.stream().map(lookup()::open).distinct().toList();
    List<String> stored = new ArrayList<>();
    List<String> lost = new ArrayList<>();
    for (MemoryRegion region : regions) {
      RegionInfo info = region.info();
      Optional<String> detached = region.detached(); // an open file's whereabouts are known
      region.close();
      String name = info.name();
      if (name != null) {
        detached.ifPresentOrElse(fate -> lost.add(name + ": " + fate), () -> stored.add(name));
      }
    }
    String count = regions.size() == 1 ? "1 region" : regions.size() + " regions";
    return Message.of(
        "freed "
            + count
            + (stored.isEmpty() ? "" : "; still stored: " + String.join(", ", stored))
            + (lost.isEmpty() ? "" : "; not in the store any more: " + String.join(", ", lost)));
  }
}
