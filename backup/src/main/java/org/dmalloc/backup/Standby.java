/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.dmalloc.api.MemoryRegion;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Regions that are kept as the newest checkpoint of a backup is.
 *
 * <p><b>Reading.</b> A checkpoint is brought in as a whole where the regions are checkpointed: a
 * section sees one checkpoint of all of them. In regions that are not, a reader may see pages of
 * two. Nobody may store to them.
 *
 * <p><b>Ownership.</b> Whoever began it closes it, which closes the regions; they stay stored.
 */
@ProviderType
public interface Standby extends AutoCloseable {
  /** The group that is followed. */
  UUID backup();

  /** The copies; a region that joins the group later is added. */
  List<MemoryRegion> regions();

  Status status();

  /**
   * How a standby stands.
   *
   * @param applied the checkpoint that the regions have
   * @param at when it was made
   * @param newest the newest one of the backup, as it was last seen
   * @param newestAt when that was made
   * @param lookedAt when the store was last read
   * @param failure why it does not go on, in words; null if it does. It is tried again
   */
  record Status(
      long applied,
      Instant at,
      long newest,
      Instant newestAt,
      Instant lookedAt,
      @Nullable String failure) {}

  @Override
  void close();
}
