/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.RegionLookup;
import org.jspecify.annotations.Nullable;

/** Which region a command is about. */
public record RegionArguments(
    @Descriptor("ID: id or name of the region; a stored one is opened for this") Object id,
    @Descriptor("BACKEND: whose region, where several have one of this name")
        @Parameter(
            names = {"-b", "--backend"},
            absentValue = "")
        @Nullable String backend) {
  RegionLookup.Lease lease(RegionLookup lookup, AccessMode access) throws MemoryException {
    return lookup.lease(id, access, backend);
  }
}
