/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.locks;

import java.util.List;
import org.dmalloc.shared.SharedMemoryService;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;

/**
 * The command of locks, which is there as long as their service is. As for heaps, the reference is
 * optional for those who resolve the bundle, and the property makes it mandatory.
 */
@Component(property = "locks.cardinality.minimum:Integer=1")
public final class LockCommands implements CommandSource {
  private final SharedMemoryService locks;

  @Activate
  public LockCommands(
      @Reference(name = "locks", cardinality = ReferenceCardinality.OPTIONAL)
          @Nullable SharedMemoryService locks) {
    if (locks == null) {
      throw new IllegalStateException(
          "no SharedMemoryService; the component has no minimum cardinality");
    }
    this.locks = locks;
  }

  @Override
  public List<CommandSet> commands(Providers providers) {
    return List.of(new LocksCommand(providers, locks));
  }
}
