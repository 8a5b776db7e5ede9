/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.GrowthListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Residency;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.Test;

final class JsonTest {
  /** A listener with a field that no reflection may read. */
  private static final class Watched implements GrowthListener {
    private final Thread thread = Thread.currentThread();

    @Override
    public void grown(long regionId, long oldByteSize, long newByteSize) {
      thread.interrupt();
    }
  }

  @Test
  void whoIsToldOfGrowthIsLeftOut() {
    String printed =
        Json.print(
            RegionOptions.DEFAULT
                .withMaximum(100)
                .withAutogrowth(Autogrowth.upTo(100).tellingTo(new Watched())));
    assertTrue(printed.contains("\"ceiling\": 100"), printed);
    assertFalse(printed.contains("listener"), printed);
    assertFalse(printed.contains("progress"), printed);
  }

  @Test
  void whatIsNotLimitedOrNotKnownIsNull() {
    String options = Json.print(RegionOptions.DEFAULT);
    assertTrue(options.contains("\"residentBudget\": null"), options);
    String limited = Json.print(RegionOptions.DEFAULT.withResidentBudget(Long.MAX_VALUE - 1));
    assertTrue(limited.contains("\"residentBudget\": 9223372036854775806"), limited);
    long unknown = Residency.UNKNOWN;
    String residency =
        Json.print(new Residency(4096, 0, unknown, unknown, unknown, unknown, unknown, "none"));
    assertTrue(residency.contains("\"residentBytes\": 0"), residency);
    assertTrue(residency.contains("\"mappedBytes\": null"), residency);
    String unusable =
        Json.print(
            new StoredRegion("r", -1, -1, Path.of("/r"), StoredRegion.State.UNUSABLE, "why", null));
    assertTrue(unusable.contains("\"byteSize\": null"), unusable);
  }
}
