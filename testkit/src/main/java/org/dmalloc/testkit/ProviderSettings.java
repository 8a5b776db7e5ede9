/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a provider under test is configured with.
 *
 * @param directory an existing directory, its store if it has one
 * @param limitBytes the most that its open regions may have in all; {@link Long#MAX_VALUE} for no
 *     limit
 * @param sectionTimeout how long {@code close} and {@code resize} wait for open access sections. A
 *     fixture whose provider has it fixed ignores this; a few tests then take that long.
 */
public record ProviderSettings(Path directory, long limitBytes, Duration sectionTimeout) {
  /** Long enough that no honest section is cut off on a busy machine. */
  private static final Duration LONG_TIMEOUT = Duration.ofSeconds(30);

  public static ProviderSettings in(Path directory) {
    return new ProviderSettings(directory, Long.MAX_VALUE, LONG_TIMEOUT);
  }

  public ProviderSettings withLimitBytes(long newLimitBytes) {
    return new ProviderSettings(directory, newLimitBytes, sectionTimeout);
  }

  public ProviderSettings withSectionTimeout(Duration newSectionTimeout) {
    return new ProviderSettings(directory, limitBytes, newSectionTimeout);
  }
}
