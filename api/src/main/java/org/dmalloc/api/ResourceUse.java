/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import org.jspecify.annotations.Nullable;

/**
 * How much of one limit is used.
 *
 * @param kind what is limited
 * @param subject whose limit it is: a control group's file, a file system, a store's directory, the
 *     name of a provider, {@code process}, {@code machine}
 * @param owner of the kinds that are one owner's, that owner, empty for regions that name none;
 *     null for all other kinds
 * @param used in the unit of the kind, at least 0
 * @param limit where the next step is refused, or the kernel acts; at least 1
 * @param setting by what the limit is changed, such as {@code ulimit -n}
 */
public record ResourceUse(
    ResourceKind kind,
    String subject,
    @Nullable String owner,
    long used,
    long limit,
    String setting) {
  /**
   * Checks the amounts.
   *
   * @throws IllegalArgumentException if the limit is below 1 or the use is negative
   */
  public ResourceUse {
    if (limit < 1 || used < 0) {
      throw new IllegalArgumentException(
          kind + " of " + subject + ": " + used + " of " + limit + "; give a limit of at least 1");
    }
  }

  /** The use in percent of the limit, rounded down; more than 100 where the limit was lowered. */
  public long percent() {
    return (long) (100.0 * used / limit);
  }
}
