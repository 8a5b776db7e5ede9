/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.backing.BackingRegion.Carrier;
import org.jspecify.annotations.Nullable;

/** What messages call a region: its own number and name, or what its carrier calls it. */
final class RegionLabel {
  private final long id;
  private final @Nullable String name;
  private final String backend;
  private volatile @Nullable Carrier carrier;

  RegionLabel(long id, @Nullable String name, String backend) {
    this.id = id;
    this.name = name;
    this.backend = backend;
  }

  /** The carrier that hands the region's memory on; null for none. */
  @Nullable Carrier carrier() {
    return carrier;
  }

  void usedThrough(Carrier newCarrier) {
    carrier = newCarrier;
  }

  private @Nullable String ofCarrier() {
    Carrier by = carrier;
    return by == null ? null : by.label();
  }

  /** The holder of the region's file, for the messages that others get. */
  String holder() {
    String label = ofCarrier();
    return label == null ? backend + " region " + id : label + " on " + backend;
  }

  @Override
  public String toString() {
    String label = ofCarrier();
    if (label == null) {
      label = name == null ? "region " + id : "region " + id + " '" + name + "'";
    }
    return label + " (" + backend + ")";
  }
}
