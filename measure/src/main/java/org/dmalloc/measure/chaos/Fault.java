/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.util.Locale;

/** What is done to workers, and how often beside the others. */
enum Fault {
  /** A worker is killed, as by kill -9; the next one looks at what it left. */
  KILL(6),
  /** A worker stands still for a while, as by kill -STOP. */
  STOP(4),
  /** The disk is filled to the last byte for a while. */
  DISK(4),
  /** A worker may open only a few more files for a while. */
  DESCRIPTORS(4),
  /** A worker's files may not grow beyond a bound for a while. */
  FILESIZE(3),
  /** A hand is interrupted; the workers do it. */
  INTERRUPT(0),
  /** Bundles are stopped and started; workers in a container do it. */
  BUNDLES(0);

  private final int weight;

  Fault(int weight) {
    this.weight = weight;
  }

  int weight() {
    return weight;
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
