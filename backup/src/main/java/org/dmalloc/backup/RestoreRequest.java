/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.util.Map;
import java.util.UUID;
import org.dmalloc.api.RegionOptions;
import org.jspecify.annotations.Nullable;

/**
 * What to make new regions of. Start with {@link #of} and refine; every {@code with} method returns
 * a changed copy.
 *
 * @param backup the group's id, as {@link BackupService#list} tells it
 * @param point which checkpoint
 * @param names what the regions are to be called, by the names that they had at the checkpoint;
 *     those that are not in it are left out. Empty for all, under the names that they had
 * @param options how they are made; null for checkpointed, each on its own, where the provider can
 *     do that, and the defaults where not
 */
public record RestoreRequest(
    UUID backup, RestorePoint point, Map<String, String> names, @Nullable RegionOptions options) {
  public RestoreRequest {
    names = Map.copyOf(names);
  }

  /** All regions at the newest checkpoint, under the names that they had. */
  public static RestoreRequest of(UUID backup) {
    return new RestoreRequest(backup, RestorePoint.LATEST, Map.of(), null);
  }

  public RestoreRequest withPoint(RestorePoint newPoint) {
    return new RestoreRequest(backup, newPoint, names, options);
  }

  public RestoreRequest withNames(Map<String, String> newNames) {
    return new RestoreRequest(backup, point, newNames, options);
  }

  public RestoreRequest withOptions(@Nullable RegionOptions newOptions) {
    return new RestoreRequest(backup, point, names, newOptions);
  }
}
