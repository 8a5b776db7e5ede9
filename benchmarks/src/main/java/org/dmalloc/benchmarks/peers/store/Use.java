/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

/** What a store is opened for, told to contenders that can be told. */
public enum Use {
  /** Written in order, fresh. */
  FILL,
  /** Loaded in order. */
  SCAN,
  /** Loaded, or stored to, at random. */
  RANDOM,
  /** Both, in turn or side by side. */
  MIXED
}
