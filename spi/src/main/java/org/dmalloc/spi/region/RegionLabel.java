/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.nio.file.Path;
import org.dmalloc.api.backing.BackingRegion.Carrier;
import org.jspecify.annotations.Nullable;

/**
 * What a region is called: its number and its name, which leads to a path, and in messages what its
 * carrier calls it.
 */
final class RegionLabel {
  private final long id;
  private final String backend;
  private volatile Naming naming;
  private volatile @Nullable Carrier carrier;

  private record Naming(@Nullable String name, @Nullable Path path) {
    private static final Naming NONE = new Naming(null, null);
  }

  RegionLabel(long id, RegionTraits traits, String backend) {
    this.id = id;
    Naming given = new Naming(traits.name(), traits.path());
    this.naming = given.equals(Naming.NONE) ? Naming.NONE : given;
    this.backend = backend;
  }

  @Nullable String name() {
    return naming.name;
  }

  @Nullable Path path() {
    return naming.path;
  }

  void renamed(String newName, Path newPath) {
    naming = new Naming(newName, newPath);
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
      String name = name();
      label = name == null ? "region " + id : "region " + id + " '" + name + "'";
    }
    return label + " (" + backend + ")";
  }
}
