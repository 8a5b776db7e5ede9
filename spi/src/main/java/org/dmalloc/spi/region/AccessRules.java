/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Locale;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.UnsupportedCapabilityException;

/** What a region's sharing and access forbid, whatever its backend could do. */
record AccessRules(RegionTraits traits, RegionLabel label) {
  /** Whether pages may be gone from RAM after the advice. */
  static boolean mayEvict(Advice advice) {
    return advice == Advice.PAGE_OUT || advice == Advice.DONT_NEED || advice == Advice.COLD;
  }

  /** Whether the advice marks the mapping, in place of doing something once. */
  static boolean lasts(Advice advice) {
    return switch (advice) {
      case NORMAL, RANDOM, SEQUENTIAL, HUGE_PAGE, NO_HUGE_PAGE -> true;
      default -> false;
    };
  }

  private boolean isPrivate() {
    return traits.sharing() == Sharing.PRIVATE;
  }

  private boolean isReadOnly() {
    return traits.access() == AccessMode.READ_ONLY;
  }

  void requireLoad() {
    if (isReadOnly()) {
      throw unsupported("load into %s, which is read-only; open it for writing");
    }
  }

  private boolean isCheckpointed() {
    return traits.durability() == Durability.CHECKPOINT;
  }

  /** Throws where stores outside sections would belong to no checkpoint. */
  void requireRaw(String operation) {
    if (isCheckpointed()) {
      throw unsupported(
          operation
              + " of %s, which is checkpointed: stores outside of sections have no moment; use"
              + " acquire()");
    }
  }

  /** Throws where changed pages have no file before the next checkpoint. */
  void requireUncheckpointed(String operation) {
    if (isCheckpointed()) {
      throw unsupported(
          operation + " of %s: it is checkpointed; use checkpoint(), or another durability");
    }
  }

  void requireForce() {
    requireUncheckpointed("force");
    if (isPrivate()) {
      throw unsupported("force of %s: its stores are private and never reach the file");
    }
  }

  void require(Advice advice) {
    if (advice == Advice.DONT_NEED && isPrivate()) {
      throw unsupported(
          "advise DONT_NEED on %s would throw its private content away; use PAGE_OUT");
    }
    if (isCheckpointed() && (advice == Advice.DONT_NEED || advice == Advice.POPULATE_WRITE)) {
      throw unsupported(
          "advise "
              + advice
              + " on %s: it is checkpointed, and its changed pages are private; use PAGE_OUT or"
              + " POPULATE_READ");
    }
    if (advice == Advice.POPULATE_WRITE && isReadOnly()) {
      throw unsupported("advise POPULATE_WRITE on %s, which is read-only; use POPULATE_READ");
    }
  }

  /** Throws unless the region may change what it takes. */
  void requireOwnSpace(String operation) {
    requireUncheckpointed(operation);
    if (isReadOnly()) {
      throw refused(operation, "it is read-only");
    }
    if (isPrivate() && traits.name() != null) {
      throw unsupported(operation + " of %s, a private view of a stored region; open it shared");
    }
  }

  /** Throws where no token leads to the region. */
  void requireToken(String backend) {
    if (traits.name() != null) {
      throw refused("token", "it has a name, by which other processes open it");
    }
    if (!traits.processShared()) {
      throw new UnsupportedCapabilityException(
          backend,
          Capability.PROCESS_SHARED,
          String.format(
              Locale.ROOT,
              "token of %s: it is not shared with other processes; allocate one that is"
                  + " (processShared)",
              label));
    }
  }

  void requireProtection(AccessMode access) {
    if (access == AccessMode.READ_WRITE && isReadOnly()) {
      throw refused("protect", "it is read-only; open it for writing");
    }
  }

  void requireSize(long newByteSize) {
    if (newByteSize < 0) {
      throw new IllegalArgumentException(
          "resize of " + label + " to " + newByteSize + " bytes; give at least 0");
    }
  }

  /** Throws where segments must end that were handed out for good. */
  void requireUnpinned(boolean pinned) {
    if (pinned) {
      throw refused("resize", "it is pinned by segment(); use acquire() in place of it");
    }
  }

  /** Throws if the operation would have to change a stored region that is not open for that. */
  void requireStores(String operation) {
    if (isReadOnly()) {
      throw refused(operation, "it is read-only");
    }
    if (isPrivate() && traits.name() != null) {
      throw refused(operation, "it is a private view of a stored region");
    }
  }

  private IllegalStateException refused(String operation, String reason) {
    return new IllegalStateException(operation + " of " + label + ": " + reason);
  }

  private UnsupportedOperationException unsupported(String format) {
    return new UnsupportedOperationException(String.format(Locale.ROOT, format, label));
  }
}
