/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Residency;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.JsonResult;
import org.jspecify.annotations.Nullable;

/** Shows everything about a region. */
public final class InfoCommand extends Command {
  /** Makes the command. */
  public InfoCommand(Providers providers) {
    super("info", providers);
  }

  /** Shows what a region is, and where its bytes are now. */
  @Descriptor("shows what a region is, and where its bytes are now")
  public Object info(
      RegionArguments which,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_ONLY)) {
      RegionDetails details = details(lease);
      return json ? new JsonResult(details) : details;
    }
  }

  private RegionDetails details(RegionLookup.Lease lease) throws MemoryException {
    RegionInfo info = lease.region().info();
    return new RegionDetails(
        info,
        lease.region().detached().orElse(null),
        residency(lease.region()),
        lease.region().advised(),
        providers().managed(info.id()).orElse(null),
        Providers.orphanedSince(info.id()).orElse(null));
  }

  private static @Nullable Residency residency(MemoryRegion region) throws MemoryException {
    try {
      return region.residency();
    } catch (UnsupportedCapabilityException e) {
      return null; // its backend cannot tell, and the output leaves it out
    }
  }
}
