/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.List;
import org.dmalloc.heap.HeapService;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;

/**
 * The commands of group {@code heap}, which are there as long as the service of heaps is.
 *
 * <p>The reference is optional for those who resolve the bundle, as the shell works without heaps;
 * the property makes it mandatory for the component.
 */
@Component(property = "heaps.cardinality.minimum:Integer=1")
public final class HeapCommands implements CommandSource {
  private final HeapService heaps;

  @Activate
  public HeapCommands(
      @Reference(name = "heaps", cardinality = ReferenceCardinality.OPTIONAL)
          @Nullable HeapService heaps) {
    if (heaps == null) {
      throw new IllegalStateException("no HeapService; the component has no minimum cardinality");
    }
    this.heaps = heaps;
  }

  @Override
  public List<CommandSet> commands(Providers providers) {
    OpenHeaps open = new OpenHeaps(providers, heaps);
    return List.of(
        new HeapOpeningCommands(providers, open),
        new HeapBlockCommands(providers, open),
        new HeapStateCommands(providers, open));
  }
}
