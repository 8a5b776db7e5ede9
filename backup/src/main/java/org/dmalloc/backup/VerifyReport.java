/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.util.List;

/**
 * What reading all of a backup has found.
 *
 * @param objects how many were read
 * @param byteSize what they have
 * @param points how many checkpoints can be restored
 * @param damagedPoints those that cannot any more
 * @param findings what is wrong, in words; empty if nothing is
 * @param unusedBytes what lies in the store and belongs to no checkpoint; the next merge deletes it
 */
public record VerifyReport(
    int objects,
    long byteSize,
    int points,
    List<Long> damagedPoints,
    List<String> findings,
    long unusedBytes) {
  public VerifyReport {
    damagedPoints = List.copyOf(damagedPoints);
    findings = List.copyOf(findings);
  }

  /** Whether everything is as it was written. */
  public boolean sound() {
    return findings.isEmpty();
  }
}
