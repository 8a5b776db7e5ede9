/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * What a record beside the files of a group says of its backup: where it lies, and how it was kept
 * last.
 *
 * @param id of the group
 * @param group its name
 * @param regions the names of its members when the backup was begun or gone on with
 * @param location of the store, which opens it again
 * @param options how it was kept; never to take it over
 * @param at when it was begun or gone on with
 */
public record KnownBackup(
    UUID id, String group, List<String> regions, String location, KeepOptions options, Instant at) {
  public KnownBackup {
    regions = List.copyOf(regions);
  }
}
