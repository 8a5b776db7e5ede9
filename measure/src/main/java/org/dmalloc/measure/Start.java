/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

/** The state of the caches when a workload starts. */
public enum Start {
  /** None of the store's pages is in RAM. Each page is then used at most once where possible. */
  COLD,
  /** The store's pages are in RAM and mapped, as far as memory allows. */
  WARM
}
