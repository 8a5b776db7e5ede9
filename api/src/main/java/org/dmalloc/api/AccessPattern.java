/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** The order in which a region is going to be used; decides how much the kernel reads ahead. */
public enum AccessPattern {
  /** Unknown or mixed: the kernel's own heuristics. */
  NORMAL,
  /** Scattered: a fault reads one page and nothing around it. */
  RANDOM,
  /** In order from low to high addresses: a fault reads far ahead. */
  SEQUENTIAL
}
