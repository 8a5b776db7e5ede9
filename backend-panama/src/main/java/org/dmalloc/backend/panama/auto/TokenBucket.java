/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

/**
 * A token bucket. Work takes its tokens after it was done, so that the bucket can be overdrawn by
 * one piece of work; its tokens are negative then.
 */
final class TokenBucket {
  private final long capacity;
  private long tokens;

  TokenBucket(long capacity) {
    this.capacity = capacity;
    this.tokens = capacity;
  }

  long tokens() {
    return tokens;
  }

  /** How many can be added until it is full. */
  long room() {
    return capacity - tokens;
  }

  /** Adds tokens; what it cannot hold is lost. */
  void add(long added) {
    tokens = Math.min(capacity, tokens + added);
  }

  void take(long taken) {
    tokens -= taken;
  }
}
