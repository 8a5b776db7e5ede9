/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

/** A pattern of requests to the raw disk. */
public enum RawPattern {
  /** 4 KiB reads in random order: the measure for random, zipfian and batched reads. */
  RANDOM_READ("random read", 4096, false, false),
  /** 1 MiB reads in order: the measure for reading in order. */
  SEQUENTIAL_READ("sequential read", 1 << 20, true, false),
  /** 4 KiB writes in random order: the measure for random writes. */
  RANDOM_WRITE("random write", 4096, false, true),
  /** 1 MiB writes in order: the measure for filling. */
  SEQUENTIAL_WRITE("sequential write", 1 << 20, true, true);

  private final String label;
  private final int blockBytes;
  private final boolean sequential;
  private final boolean writes;

  RawPattern(String label, int blockBytes, boolean sequential, boolean writes) {
    this.label = label;
    this.blockBytes = blockBytes;
    this.sequential = sequential;
    this.writes = writes;
  }

  public String label() {
    return label;
  }

  public int blockBytes() {
    return blockBytes;
  }

  public boolean sequential() {
    return sequential;
  }

  /** Whether it destroys what the file holds. */
  public boolean writes() {
    return writes;
  }
}
