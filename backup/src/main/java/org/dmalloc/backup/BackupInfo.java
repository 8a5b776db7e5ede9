/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A backup in a store.
 *
 * @param id of the group
 * @param group its name
 * @param regions the names of its members at the last checkpoint
 * @param owner who writes it, or wrote it last
 * @param open whether that one has not ended its work, as far as the store knows
 * @param created when it was begun
 * @param written when it was changed last
 * @param byteSize what it takes in the store
 * @param points what can be restored, in ascending order
 * @param damage why its list cannot be read; null if it can. There are no points then
 */
public record BackupInfo(
    UUID id,
    String group,
    List<String> regions,
    String owner,
    boolean open,
    Instant created,
    Instant written,
    long byteSize,
    List<BackupPoint> points,
    @Nullable String damage) {
  public BackupInfo {
    regions = List.copyOf(regions);
    points = List.copyOf(points);
  }
}
