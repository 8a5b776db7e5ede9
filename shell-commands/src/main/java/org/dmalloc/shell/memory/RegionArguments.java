/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.syntax.Argument;
import org.jspecify.annotations.Nullable;

/** The region that a command applies to. */
public record RegionArguments(
    @Argument("ID: id or name of the region; a stored one is opened for this") Object id,
    @Argument("-b, --backend BACKEND: the backend of the region, if several have one of the name")
        @Nullable String backend) {
  RegionLookup.Lease lease(RegionLookup lookup, AccessMode access) throws MemoryException {
    return lookup.lease(id, access, backend);
  }
}
