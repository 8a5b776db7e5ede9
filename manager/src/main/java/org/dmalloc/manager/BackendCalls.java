/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;

/** The way of a user's call to the backend's region: inside a section, so that no move comes. */
final class BackendCalls {
  private final ManagedRegion region;
  private final ManagedRegions regions;
  private final BackingSlot slot;

  BackendCalls(ManagedRegion region, ManagedRegions regions, BackingSlot slot) {
    this.region = region;
    this.regions = regions;
    this.slot = slot;
  }

  /** A question to the backend's region. */
  @FunctionalInterface
  interface Question<T> {
    T of(MemoryRegion region) throws MemoryException;
  }

  /** Work on the backend's region. */
  @FunctionalInterface
  interface Work {
    void on(MemoryRegion region) throws MemoryException;
  }

  <T> T ask(Capability capability, Question<T> question) throws MemoryException {
    return ask(
        backends -> {
          require(capability);
          slot.use();
          return question.of(backends);
        });
  }

  /** Asks what every backend's region can answer. */
  private <T> T ask(Question<T> question) throws MemoryException {
    slot.awaitBackend();
    int section = slot.gate().enter();
    try {
      slot.checkAttached();
      return question.of(slot.placement().region());
    } finally {
      slot.gate().exit(section);
    }
  }

  void run(Work work) throws MemoryException {
    ask(
        backends -> {
          work.on(backends);
          return backends;
        });
  }

  void run(Capability capability, Work work) throws MemoryException {
    ask(
        capability,
        backends -> {
          work.on(backends);
          return backends;
        });
  }

  /** Throws unless the region can do it where it lies now; says where it can. */
  void require(Capability capability) {
    Backend here = slot.placement().backend();
    if (!here.capabilities().contains(capability)) {
      throw regions.lacking(region, here, capability);
    }
  }
}
