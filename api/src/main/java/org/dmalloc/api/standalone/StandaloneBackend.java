/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.standalone;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What a backend's jar offers to programs without OSGi, and to the child JVMs of comparisons.
 * Registered with {@link java.util.ServiceLoader}: by a file in {@code META-INF/services} for the
 * class path, by {@code provides} in the module's descriptor for the module path. It is made by a
 * public constructor without parameters.
 */
@ConsumerType
public interface StandaloneBackend {
  /** One for each kind of provider; making the list starts nothing. */
  List<MemoryProviderFactory<?>> factories();
}
