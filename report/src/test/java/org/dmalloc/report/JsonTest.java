/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.GrowthListener;
import org.dmalloc.api.RegionOptions;
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
    assertTrue(printed.contains("\"listener\": null"), printed);
  }
}
