/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dmalloc.api.Capability;
import org.dmalloc.shell.GogoShell;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BenchBackendsTest {
  private final InMemoryProvider other = InMemoryProvider.of("other", Capability.RESIDENCY);
  private final InMemoryProvider anon = InMemoryProvider.of("anon", Capability.RESIDENCY);
  private final GogoShell shell = new GogoShell(List.of(new MeasuringCommands()), other, anon);

  @AfterEach
  void close() {
    shell.close();
  }

  @Test
  void benchTakesOneOfEachKindUnlessToldOtherwise() throws Exception {
    shell.session.execute("bench -s 1m -w fill --raw none");
    assertEquals(0, other.requests().size());
    int anonRequests = anon.requests().size();
    assertTrue(anonRequests > 0);
    shell.session.execute("bench -s 1m -w fill --raw none -b all");
    assertTrue(other.requests().size() > 0);
    assertEquals(2 * anonRequests, anon.requests().size());
  }
}
