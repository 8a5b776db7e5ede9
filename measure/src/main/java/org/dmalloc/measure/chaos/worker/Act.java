/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.Locale;

/** What a hand does, and how often beside the others. */
public enum Act {
  ALLOCATE(8),
  FREE(5),
  WRITE(30),
  CHECK(12),
  RESIZE(8),
  PUNCH(5),
  PROTECT(3),
  FORCE(4),
  SMALL(4),
  REOPEN(6),
  RENAME(3),
  DELETE(4),
  SNAPSHOT(3),
  MOVE(10),
  CHECKPOINT(14),
  DISCARD(3),
  HEAP(14),
  BACKUP(3),
  SHARE(6),
  ATTACH(2),
  CUT(2);

  private final int weight;

  Act(int weight) {
    this.weight = weight;
  }

  int weight() {
    return weight;
  }

  /** The word by which it is chosen and reported. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
