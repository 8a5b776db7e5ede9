/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.standalone;

import java.util.Collection;
import java.util.function.Supplier;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.ResourceLimits;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Makes what tells of limits, for {@link Dmalloc}; its jar registers it with {@link
 * java.util.ServiceLoader}.
 */
@ConsumerType
public interface ResourceLimitsFactory {
  /** What tells of limits until it is closed. */
  interface Running extends ResourceLimits, AutoCloseable {
    /** Tells nobody from now on. */
    @Override
    void close();
  }

  /**
   * Makes one; it starts no thread before there is a listener.
   *
   * @param providers those that run, at each call
   */
  Running start(Supplier<? extends Collection<? extends MemoryProvider>> providers);
}
