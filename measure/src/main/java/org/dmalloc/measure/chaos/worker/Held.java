/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.BitSet;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.measure.chaos.model.RegionModel;

/**
 * An open region of a hand, with its model.
 *
 * @param provider the name of the provider that it was taken from
 * @param bare units whose disk space was given back and not taken again: they are not stored to,
 *     because a full disk would be a signal
 */
record Held(MemoryRegion region, RegionModel model, String provider, BitSet bare) {
  static Held of(MemoryRegion region, RegionModel model, String provider) {
    return new Held(region, model, provider, new BitSet());
  }

  boolean isManaged() {
    return provider.equals(Suite.MANAGED);
  }

  boolean isNamed() {
    return model.name() != null;
  }

  boolean is(RegionModel.Kind kind) {
    return model.kind() == kind;
  }

  @Override
  public String toString() {
    return model + " of " + provider;
  }
}
