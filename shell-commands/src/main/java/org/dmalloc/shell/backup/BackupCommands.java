/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.util.List;
import org.dmalloc.backup.BackupService;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;

/**
 * The commands of backups, which are there as long as their service is. As for heaps, the reference
 * is optional for those who resolve the bundle, and the property makes it mandatory.
 */
@Component(property = "backups.cardinality.minimum:Integer=1")
public final class BackupCommands implements CommandSource {
  private final BackupService backups;

  @Activate
  public BackupCommands(
      @Reference(name = "backups", cardinality = ReferenceCardinality.OPTIONAL)
          @Nullable BackupService backups) {
    if (backups == null) {
      throw new IllegalStateException("no BackupService; the component has no minimum cardinality");
    }
    this.backups = backups;
  }

  @Override
  public List<CommandSet> commands(Providers providers) {
    OpenBackups open = new OpenBackups(providers, backups);
    BackupLookup lookup = new BackupLookup(providers, backups);
    return List.of(
        new KeepingCommands(providers, open, lookup),
        new StoredBackupCommands(providers, backups, lookup),
        new RestoreCommand(providers, backups, lookup),
        new FollowCommand(providers, open, lookup));
  }
}
