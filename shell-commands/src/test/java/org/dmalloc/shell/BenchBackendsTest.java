/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dmalloc.api.Capability;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BenchBackendsTest {
  private final HeapProvider other = new HeapProvider("other", Capability.RESIDENCY);
  private final HeapProvider anon = new HeapProvider("anon", Capability.RESIDENCY);
  private final GogoShell shell = new GogoShell(other, anon);

  @AfterEach
  void close() {
    shell.close();
  }

  @Test
  void benchTakesOneOfEachKindUnlessToldOtherwise() throws Exception {
    shell.session.execute("bench -s 1m -w fill --raw none");
    assertEquals(0, other.requests.size());
    int anonRequests = anon.requests.size();
    assertTrue(anonRequests > 0);
    shell.session.execute("bench -s 1m -w fill --raw none -b all");
    assertTrue(other.requests.size() > 0);
    assertEquals(2 * anonRequests, anon.requests.size());
  }
}
