/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The limits that this program lives under, and how much of each is used: those of the kernel, and
 * the quotas of providers, stores and owners. An OSGi service; without OSGi {@link
 * org.dmalloc.api.standalone.Dmalloc#limits()} has it.
 *
 * <p>The limits are looked at about once a second, while there is a listener, and never for more
 * than a hundredth of one processor's time: what takes long to count is counted less often.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
@ProviderType
public interface ResourceLimits {
  /** All limits that are known here, as they are now. A limit that is not set is none. */
  List<ResourceUse> uses();

  /** Ends what {@link #listen} has begun. */
  interface Registration extends AutoCloseable {
    /** No call begins from now on; one that runs may go on. Again it does nothing. */
    @Override
    void close();
  }

  /**
   * Tells a listener from now on, also of what has reached its level already.
   *
   * @param levelPercent from 1 to 100
   * @throws IllegalArgumentException if the level is not within these
   */
  Registration listen(ResourceListener listener, int levelPercent);

  /** Tells a listener at {@value ResourceListener#DEFAULT_LEVEL} percent. */
  default Registration listen(ResourceListener listener) {
    return listen(listener, ResourceListener.DEFAULT_LEVEL);
  }
}
