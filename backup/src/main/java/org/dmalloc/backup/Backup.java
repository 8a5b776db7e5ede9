/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Duration;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A group whose checkpoints are kept as they are made.
 *
 * <p><b>Ownership.</b> Whoever began it closes it; the store stays open and is the caller's to
 * close afterwards. If the group is closed first the backup ends by itself, with the group's last
 * checkpoint, and only its {@link #status} is left.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. The backup has threads of its own.
 *
 * <p><b>Failure.</b> A store that refuses or is away stops nothing of the group, and is tried again
 * for as long as the backup is open: {@link #status} tells. One that is not local may be away for
 * as long as the spool has room. Where checkpoints were lost for the backup, as it was not open or
 * the spool was full, a new base is copied, and those between cannot be restored.
 */
@ProviderType
public interface Backup extends AutoCloseable {
  /** The group's {@linkplain org.dmalloc.api.backing.CheckpointLog#id() id}. */
  UUID id();

  /** The group's name. */
  String group();

  BackupStore store();

  KeepOptions options();

  BackupStatus status();

  /**
   * Waits until a checkpoint can be restored from the store.
   *
   * @return whether it can; false if the time was not enough
   * @throws MemoryException if the backup has ended without it, or the thread is interrupted
   */
  boolean await(long checkpoint, Duration timeout) throws MemoryException;

  /**
   * Merges and deletes now what the retention policy does not keep, as the backup does by itself
   * from time to time.
   */
  MergeReport merge() throws MemoryException;

  /**
   * Ends it: gives the store up to ten seconds for what waits. What does not arrive until then goes
   * there when the group is backed up again with the same spool.
   */
  @Override
  void close();
}
