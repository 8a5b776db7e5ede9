/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Words;

/** Changes how the kernel swaps a region. */
public final class PolicyCommand extends Command {
  /** Makes the command. */
  public PolicyCommand(Providers providers) {
    super("policy", providers);
  }

  /** Changes how the kernel treats a region under memory pressure. */
  @Descriptor("changes how the kernel treats a region under memory pressure")
  public Message policy(
      @Descriptor("ID: id or name of an open region") Object id,
      @Descriptor("POLICY: what to apply") SwapPolicy policy)
      throws MemoryException {
    MemoryRegion region = lookup().open(id);
    region.apply(policy);
    String inForce =
        region.info().policies().stream().sorted().map(Words::of).collect(Collectors.joining(", "));
    return Message.of(
        String.format(
            Locale.ROOT,
            "applied %s to %s; in force: %s",
            Words.of(policy),
            RegionLookup.label(region.info()),
            inForce.isEmpty() ? Words.of(SwapPolicy.KERNEL) : inForce));
  }
}
