/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

/** The use of a store, for contenders with settings for it. */
public enum Use {
  FILL,
  SCAN,
  RANDOM,
  MIXED
}
