/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The notification of a gate's next use. */
class NextUseTest {
  @Test
  void isNotifiedOnceByTheFirstSection() {
    SectionGate gate = new SectionGate();
    AtomicInteger told = new AtomicInteger();
    assertTrue(gate.notifyNextUse(told::incrementAndGet));
    for (int i = 0; i < 3; i++) {
      gate.exit(gate.enter());
    }
    assertEquals(1, told.get());
    assertTrue(gate.notifyNextUse(told::incrementAndGet));
    gate.notifyUse();
    gate.notifyUse();
    assertEquals(2, told.get());
  }

  @Test
  void theListenerSetLastIsNotified() {
    SectionGate gate = new SectionGate();
    AtomicInteger first = new AtomicInteger();
    AtomicInteger last = new AtomicInteger();
    assertTrue(gate.notifyNextUse(first::incrementAndGet));
    assertTrue(gate.notifyNextUse(last::incrementAndGet));
    gate.exit(gate.enter());
    assertEquals(0, first.get());
    assertEquals(1, last.get());
  }

  @Test
  void isNotSetWhileASectionIsOpenOrAfterTheEnd() {
    SectionGate gate = new SectionGate();
    AtomicInteger told = new AtomicInteger();
    int slot = gate.enter();
    assertFalse(gate.notifyNextUse(told::incrementAndGet));
    gate.exit(slot);
    assertTrue(gate.notifyNextUse(told::incrementAndGet));
    gate.shut(1_000_000_000L);
    assertEquals(1, told.get(), "shutting is a use");
    assertFalse(gate.notifyNextUse(told::incrementAndGet));
    gate.end();
    assertFalse(gate.notifyNextUse(told::incrementAndGet));
    assertTrue(gate.hasEnded());
    assertEquals(1, told.get());
  }
}
