/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** What is limited; see {@link ResourceUse}. */
public enum ResourceKind {
  /**
   * RAM of a control group, without the page cache that the kernel would drop before it kills:
   * {@code memory.max} and {@code memory.high} of version 2, the limit in bytes of version 1.
   */
  GROUP_MEMORY(Unit.BYTES),
  /** RAM and swap of the machine: what is not available of both together. */
  MACHINE_MEMORY(Unit.BYTES),
  /**
   * The share of time in which some task waited for memory (PSI), in hundredths of a percent. The
   * kernel has no limit here; what stands for one is a fifth of the time.
   */
  MEMORY_STALLS(Unit.HUNDREDTHS_OF_PERCENT),
  /** Mappings of the process, without those that the JVM keeps. */
  MAPPINGS(Unit.COUNT),
  /** Open descriptors of the process. */
  DESCRIPTORS(Unit.COUNT),
  /** Open files of the machine. */
  OPEN_FILES(Unit.COUNT),
  /** Locked bytes of the process. */
  LOCKED_MEMORY(Unit.BYTES),
  /** Addresses of the process. */
  ADDRESS_SPACE(Unit.BYTES),
  /** Bytes of a provider's open regions. */
  PROVIDER_BYTES(Unit.BYTES),
  /** Number of a provider's open regions. */
  PROVIDER_REGIONS(Unit.COUNT),
  /** Bytes of one owner's open regions on a provider; of a bundle on {@code managed}. */
  OWNER_BYTES(Unit.BYTES),
  /** Number of one owner's open regions on a provider; of a bundle on {@code managed}. */
  OWNER_REGIONS(Unit.COUNT),
  /** Bytes of the region files and journals in a store, whoever made them. */
  STORE_BYTES(Unit.BYTES),
  /** Number of the region files in a store, whoever made them. */
  STORE_REGIONS(Unit.COUNT),
  /** Space of the file system below a store. */
  DISK(Unit.BYTES);

  /** In what an amount is counted. */
  public enum Unit {
    BYTES,
    COUNT,
    HUNDREDTHS_OF_PERCENT
  }

  private final Unit unit;

  ResourceKind(Unit unit) {
    this.unit = unit;
  }

  public Unit unit() {
    return unit;
  }
}
