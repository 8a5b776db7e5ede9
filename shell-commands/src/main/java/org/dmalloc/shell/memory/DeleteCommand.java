/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.jspecify.annotations.Nullable;

/** Deletes stored regions. */
public final class DeleteCommand extends Command {
  /** Makes the command. */
  public DeleteCommand(Providers providers) {
    super("delete", providers);
  }

  /** Deletes stored regions for good. */
  @Descriptor("deletes stored regions for good; an open one must be freed first")
  public Message delete(
      @Descriptor("NAME…: names of stored regions, see 'stored'") List<Object> names,
      @Descriptor("BACKEND: whose store; needed where two stores have the name")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend)
      throws MemoryException {
    // All are looked up before the first is deleted: a mistyped one then deletes nothing.
    List<RegionLookup.Stored> found = new ArrayList<>();
    for (Object name : names) {
      found.add(lookup().stored(name.toString(), backend));
    }
    for (RegionLookup.Stored stored : found) {
      stored.backend().delete(stored.name());
    }
    return Message.of(
        "deleted " + String.join(", ", found.stream().map(RegionLookup.Stored::name).toList()));
  }
}
