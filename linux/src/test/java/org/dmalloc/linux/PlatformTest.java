/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  @Test
  void worksHere() {
    Platform.require();
    assertEquals(1, Long.bitCount(Platform.pageSize()));
    assertTrue(Platform.hugePageSize() > Platform.pageSize());
    assertTrue(Platform.lockLimitBytes() >= 0);
  }

  @Test
  void roundsToPages() {
    long page = Platform.pageSize();
    assertEquals(0, Platform.roundUpToPage(0));
    assertEquals(page, Platform.roundUpToPage(1));
    assertEquals(page, Platform.roundUpToPage(page));
    assertEquals(0, Platform.roundDownToPage(page - 1));
    assertEquals(page, Platform.roundDownToPage(page));
  }

  @ParameterizedTest
  @CsvSource({"Linux, amd64", "Linux, aarch64"})
  void acceptsWhatItKnows(String system, String architecture) {
    assertEquals("", Platform.probe(system, architecture));
  }

  @ParameterizedTest
  @CsvSource({"Mac OS X, aarch64", "Windows 11, amd64", "Linux, riscv64", "Linux, i386"})
  void namesWhatItDoesNotKnow(String system, String architecture) {
    String refusal = Platform.probe(system, architecture);
    assertTrue(refusal.contains(system + " on " + architecture), refusal);
  }
}
