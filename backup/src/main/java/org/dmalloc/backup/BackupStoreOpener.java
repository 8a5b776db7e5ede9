/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.net.URI;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Opens stores of one kind by their address. Registered as a service by bundles that have such
 * stores; found by {@link java.util.ServiceLoader} in plain Java. Directories need none.
 */
@ConsumerType
public interface BackupStoreOpener {
  /** The scheme of its addresses, in lower case: {@code s3}. */
  String scheme();

  /**
   * Opens a store, which need not have anything yet. The caller closes it.
   *
   * @param location such as {@code s3://bucket/prefix}
   * @param options what the kind of store knows beside the address, such as an endpoint; empty for
   *     what is configured
   * @throws IllegalArgumentException if the address or an option is wrong, or not known
   * @throws MemoryException if the store cannot be reached or refuses
   */
  BackupStore open(URI location, Map<String, String> options) throws MemoryException;
}
