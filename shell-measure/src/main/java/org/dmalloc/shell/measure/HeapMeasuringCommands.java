/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.util.List;
import org.dmalloc.heap.HeapService;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The command of this bundle that measures heaps, which is there as long as their service is. */
@Component
public final class HeapMeasuringCommands implements CommandSource {
  private final HeapService heaps;

  @Activate
  public HeapMeasuringCommands(@Reference HeapService heaps) {
    this.heaps = heaps;
  }

  @Override
  public List<CommandSet> commands(Providers providers) {
    return List.of(new HeapBenchCommand(providers, heaps));
  }
}
