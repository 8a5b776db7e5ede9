/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An open access section on a region; see {@link MemoryRegion#acquire()}.
 *
 * <p><b>Ownership.</b> The thread that acquired it closes it, exactly once, in a {@code
 * try}-with-resources. Closing it twice or on another thread is an {@link IllegalStateException}
 * that names the owner, and changes nothing.
 *
 * <p><b>Threads.</b> The section belongs to one thread. Other threads may use its {@link
 * #segment()} only while it is open.
 */
@ProviderType
public interface Access extends AutoCloseable {
  /** The segment of the whole region, to be used before {@link #close()} only. */
  MemorySegment segment();

  @Override
  void close();
}
