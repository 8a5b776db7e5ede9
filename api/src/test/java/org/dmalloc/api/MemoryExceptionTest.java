/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MemoryExceptionTest {
  @Test
  void theMessageFollowsOneGrammar() {
    MemoryException e =
        MemoryException.of(
            "fallocate",
            4L << 30,
            "data/orders.region",
            "ENOSPC",
            28,
            "free 1.2 GiB or choose another directory",
            null);
    assertEquals(
        "fallocate 4294967296 bytes of data/orders.region: ENOSPC (28); "
            + "free 1.2 GiB or choose another directory",
        e.getMessage());
    assertEquals("fallocate", e.operation());
    assertEquals(28, e.errno());
    assertEquals(4L << 30, e.byteSize());
    assertEquals("data/orders.region", e.target());
  }

  @Test
  void partsThatAreMissingLeaveNoTrace() {
    assertEquals(
        "open orders: no such region; see 'stored'",
        MemoryException.of("open", "orders", "no such region", "see 'stored'").getMessage());
    assertEquals(
        "mmap 10 bytes: ENOMEM (12)",
        MemoryException.of("mmap", 10, "", "ENOMEM", 12, "", null).getMessage());
  }
}
