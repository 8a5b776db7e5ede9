/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ComparisonPlanTest {
  @Test
  void whatIsTooSmallIsNamedInUnits() {
    assertEquals(
        "limit of 96.0 MiB; give at least 128m, because the child JVM itself lives within it",
        refusal(64 << 20, 96 << 20));
    assertEquals("size of 8.00 MiB; give at least 16m", refusal(8 << 20, 256 << 20));
  }

  private static String refusal(long byteSize, long limitBytes) {
    return String.valueOf(
        assertThrows(
                IllegalArgumentException.class,
                () -> ComparisonPlan.of(byteSize, limitBytes, Path.of("/tmp")))
            .getMessage());
  }
}
