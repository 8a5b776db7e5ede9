/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.util.List;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.osgi.service.component.annotations.Component;

/** The commands of this bundle. */
@Component
public final class MeasuringCommands implements CommandSource {
  @Override
  public List<CommandSet> commands(Providers providers) {
    return List.of(
        new LoadCommand(providers),
        new BenchCommand(providers),
        new HotswapBenchCommand(providers),
        new CompareCommand(providers),
        new ChaosCommand(providers),
        new DoctorCommand(providers));
  }
}
