/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Map;

/**
 * The limits of managed bytes; {@link Long#MAX_VALUE} stands for none.
 *
 * @param totalBytes of all regions
 * @param bundleBytes of the regions of one bundle that {@code byBundle} does not name
 * @param byBundle of the regions of named bundles, by symbolic name
 */
record Quotas(long totalBytes, long bundleBytes, Map<String, Long> byBundle) {
  static final Quotas NONE = new Quotas(Long.MAX_VALUE, Long.MAX_VALUE, Map.of());

  Quotas {
    byBundle = Map.copyOf(byBundle);
  }

  long ofBundle(String bundle) {
    return byBundle.getOrDefault(bundle, bundleBytes);
  }

  /** The key of the limit that holds for the bundle. */
  String keyFor(String bundle) {
    return byBundle.containsKey(bundle) ? "bundle.limits" : "bundle.limit.bytes";
  }
}
