/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

/** What an opener of a region file is going to do, and so which lock it needs. */
public enum OpenMode {
  /** Maps it shared and stores to it: excludes everybody else. */
  WRITER(true, true),
  /** Only reads the file, or maps it copy-on-write by a read-only descriptor. */
  READER(false, false),
  /**
   * Maps it copy-on-write by a channel, which wants a writable descriptor: shares like a reader.
   */
  PRIVATE_COPY(false, true);

  private final boolean exclusive;
  private final boolean writable;

  OpenMode(boolean exclusive, boolean writable) {
    this.exclusive = exclusive;
    this.writable = writable;
  }

  boolean exclusive() {
    return exclusive;
  }

  boolean writable() {
    return writable;
  }
}
