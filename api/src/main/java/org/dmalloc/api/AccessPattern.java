/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** The order in which a region is going to be used; decides how much the kernel reads ahead. */
public enum AccessPattern {
  /**
   * Found out while the region is used, for each part of it: a backend that can watches how pages
   * come in and advises the kernel. One that cannot watch takes {@link #NORMAL}, and {@link
   * RegionInfo#pattern()} says so.
   */
  AUTO,
  /** The kernel's own heuristics. */
  NORMAL,
  /** Scattered: a fault reads one page and nothing around it. */
  RANDOM,
  /** In order from low to high addresses: a fault reads far ahead. */
  SEQUENTIAL
}
