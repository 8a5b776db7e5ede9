/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.Durability;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.syntax.Argument;
import org.jspecify.annotations.Nullable;

/** Where new regions of a backup go to, and what they are called. */
public record CopyArguments(
    @Argument(
            "--as NAME: the name of the new region; of several it stands before theirs, as in"
                + " NAME-orders")
        @Nullable String as,
    @Argument(
            "-b, --backend BACKEND: the backend of the new region; default the best that has"
                + " checkpoints")
        @Nullable String backend,
    @Argument("-d, --directory DIR: the directory that gets it, in place of the backend's own")
        @Nullable String directory) {

  /** The backend that gets the regions. */
  Backend target(Providers providers, Consumer<Exception> faults) {
    return providers.choose(backend, Set.of(Capability.NAMED, Capability.CHECKPOINT), faults);
  }

  /** The names of the regions that are made, by those that they had at the last checkpoint. */
  Map<String, String> names(BackupInfo info, @Nullable String region) {
    Map<String, String> names = new LinkedHashMap<>();
    for (String each : region == null ? info.regions() : List.of(region)) {
      names.put(each, as == null ? each : region == null ? as + "-" + each : as);
    }
    names.values().forEach(RegionNames::checkNew);
    return names;
  }

  /**
   * What is asked of the service. Several regions are a group again, as they were.
   *
   * @param region the region that is meant; null for all
   */
  RestoreRequest request(
      BackupInfo info, @Nullable String region, Backend target, Console console) {
    Map<String, String> names = names(info, region);
    Path path = console.resolveGiven(directory);
    RegionOptions options = RegionOptions.DEFAULT.withDirectory(path);
    if (target.can(Capability.CHECKPOINT)) {
      options = options.withDurability(Durability.CHECKPOINT);
      if (names.size() > 1) {
        options =
            options.withCheckpoints(
                CheckpointOptions.DEFAULT.withGroup(as == null ? info.group() : as));
      }
    }
    RestoreRequest request = RestoreRequest.of(info.id()).withOptions(options);
    return region == null && as == null ? request : request.withNames(names);
  }
}
