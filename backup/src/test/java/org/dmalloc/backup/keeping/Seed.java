/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.SplittableRandom;

/** Numbers for a random test, from {@code -Ddmalloc.seed} or new ones. */
public final class Seed {
  private Seed() {}

  /** Logs the seed. */
  public static SplittableRandom of(Class<?> test) {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    System.getLogger(Seed.class.getName())
        .log(
            System.Logger.Level.INFO,
            "{0}: -Ddmalloc.seed={1}",
            test.getName(),
            Long.toString(seed));
    return new SplittableRandom(seed);
  }
}
