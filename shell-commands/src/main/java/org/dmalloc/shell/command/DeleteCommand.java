/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.shell.output.Message;
import org.jspecify.annotations.Nullable;

/** Deletes stored regions. */
public final class DeleteCommand extends Command {
  private final RegionLookup lookup;

  /** Makes the command. */
  public DeleteCommand(Providers providers) {
    super("delete", providers);
    this.lookup = new RegionLookup(providers);
  }

  /** Deletes stored regions for good. */
  @Descriptor("deletes stored regions for good; an open one must be freed first")
  public Message delete(
      @Descriptor("NAME…: names of stored regions, see 'stored'") List<Object> names,
      @Descriptor("BACKEND: whose store; without it the best backend that has the region")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend)
      throws MemoryException {
    for (Object name : names) {
      MemoryProvider provider =
          backend == null ? lookup.providerOf(name.toString()) : providers().choose(backend);
      provider.delete(name.toString());
    }
    return new Message(
        "deleted " + String.join(", ", names.stream().map(Object::toString).toList()));
  }
}
