/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Map;
import org.dmalloc.spi.region.RegionQuotas;

/**
 * The limits of managed regions; {@link Long#MAX_VALUE} stands for none.
 *
 * @param regions of all regions, and of the owners that their requests name
 * @param bundleBytes of the regions of one bundle that {@code byBundle} does not name
 * @param bundleRegions the number of one bundle's regions
 * @param byBundle bytes of the regions of named bundles, by symbolic name
 */
record Quotas(
    RegionQuotas regions, long bundleBytes, long bundleRegions, Map<String, Long> byBundle) {
  static final String BUNDLE_BYTES = "bundle.limit.bytes";
  static final String BUNDLE_REGIONS = "bundle.limit.regions";
  static final String BUNDLES = "bundle.limits";

  Quotas {
    byBundle = Map.copyOf(byBundle);
  }

  long ofBundle(String bundle) {
    return byBundle.getOrDefault(bundle, bundleBytes);
  }

  /** The key of the limit that holds for the bundle. */
  String keyFor(String bundle) {
    return byBundle.containsKey(bundle) ? BUNDLES : BUNDLE_BYTES;
  }
}
