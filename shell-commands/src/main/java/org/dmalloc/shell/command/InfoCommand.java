/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.shell.output.Json;

/** Shows everything about a region. */
public final class InfoCommand extends Command {
  private final RegionLookup lookup;

  /** Makes the command. */
  public InfoCommand(Providers providers) {
    super("info", providers);
    this.lookup = new RegionLookup(providers);
  }

  /** Shows what a region is, and where its bytes are now. */
  @Descriptor("shows what a region is, and where its bytes are now")
  public Object info(
      @Descriptor("ID: its id or name") Object id,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json)
      throws MemoryException {
    try (RegionLookup.Lease lease = lookup.lease(id, AccessMode.READ_ONLY)) {
      RegionDetails details = details(lease);
      return json ? new Json(details) : details;
    }
  }

  private static RegionDetails details(RegionLookup.Lease lease) throws MemoryException {
    try {
      return new RegionDetails(lease.region().info(), lease.region().residency());
    } catch (UnsupportedCapabilityException e) {
      return new RegionDetails(lease.region().info(), null);
    }
  }
}
