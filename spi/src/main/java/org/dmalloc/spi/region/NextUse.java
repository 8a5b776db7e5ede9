/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.backing.BackingRegion.Carrier;

/** Tells a backend of the next use of a region, unless its memory can be used unseen. */
final class NextUse {
  private final SectionGate gate;
  private final RegionLabel label;
  private volatile boolean pinned;
  private volatile boolean mirrored;

  NextUse(SectionGate gate, RegionLabel label) {
    this.gate = gate;
    this.label = label;
  }

  void pin() {
    pinned = true;
  }

  boolean pinned() {
    return pinned;
  }

  /** Whether its segment was handed out for good, by the region or by its carrier. */
  boolean handedOut() {
    Carrier by = label.carrier();
    return pinned || (by != null && by.pinned());
  }

  void mirror() {
    mirrored = true;
  }

  boolean notifyNextUse(Runnable onUse) {
    if (pinned || !carrierNotifies(onUse) || !gate.notifyNextUse(onUse)) {
      return false;
    }
    if (pinned || (mirrored && label.carrier() == null)) {
      gate.notifyUse(); // handed out just before
    }
    return true;
  }

  private boolean carrierNotifies(Runnable onUse) {
    Carrier by = label.carrier();
    return by == null ? !mirrored : by.notifyNextUse(onUse);
  }
}
