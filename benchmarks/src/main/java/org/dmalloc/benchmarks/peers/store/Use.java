/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

/** What a store is opened for, told to contenders that can be told. */
public enum Use {
  FILL,
  SCAN,
  RANDOM,
  MIXED
}
