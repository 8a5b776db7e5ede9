/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import org.dmalloc.api.AccessMode;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionRequest;

/** What an opener of a region file is going to do, and so which lock it needs. */
public enum OpenMode {
  /** Maps it shared and stores to it: excludes everybody else. */
  WRITER(true, true, true),
  /** Only reads the file, or maps it copy-on-write by a read-only descriptor. */
  READER(false, false, false),
  /**
   * Maps it copy-on-write by a channel, which wants a writable descriptor: shares like a reader.
   */
  PRIVATE_COPY(false, true, false),
  /** Maps it shared and stores to it beside other members; excludes all who are none. */
  MEMBER(false, true, true),
  /**
   * Only reads what members store. Its descriptor is writable all the same, as only such a one can
   * lock a byte exclusively.
   */
  MEMBER_READER(false, true, false);

  private final boolean exclusive;
  private final boolean writable;
  private final boolean stores;

  OpenMode(boolean exclusive, boolean writable, boolean stores) {
    this.exclusive = exclusive;
    this.writable = writable;
    this.stores = stores;
  }

  /** Of a new region. */
  public static OpenMode toCreate(RegionRequest request) {
    return request.processShared() ? MEMBER : WRITER;
  }

  /** Of a mapping that is shared with the file, or only read. */
  public static OpenMode toShare(RegionAttributes request) {
    if (request.access() == AccessMode.READ_ONLY) {
      return request.processShared() ? MEMBER_READER : READER;
    }
    return request.processShared() ? MEMBER : WRITER;
  }

  /** Whether the content of the file changes by it. */
  public boolean stores() {
    return stores;
  }

  /** Whether other processes may store to the file too. */
  public boolean isMember() {
    return this == MEMBER || this == MEMBER_READER;
  }

  boolean exclusive() {
    return exclusive;
  }

  boolean writable() {
    return writable;
  }
}
