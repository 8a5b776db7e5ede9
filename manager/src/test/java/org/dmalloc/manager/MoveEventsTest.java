/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;

/** What a move posts. */
final class MoveEventsTest {
  private final List<Event> posted = new ArrayList<>();
  private final Rig rig = new Rig();
  private final InMemoryProvider memory = InMemoryProvider.memory("memory");

  MoveEventsTest() {
    rig.add(memory, 10);
    rig.add(InMemoryProvider.files("files", new InMemoryStore("/disk")), 5);
    rig.regions
        .moves()
        .add(
            new MoveEvents(
                new EventAdmin() {
                  @Override
                  public void postEvent(Event event) {
                    posted.add(event);
                  }

                  @Override
                  public void sendEvent(Event event) {
                    throw new AssertionError("a move waits for no handler");
                  }
                }));
  }

  private List<String> topics() {
    return posted.stream().map(Event::getTopic).toList();
  }

  @Test
  void aMoveIsToldWithItsFigures() throws Exception {
    ManagedRegion region = rig.filled(1);
    MoveResult result = rig.move(region, "files");
    assertEquals(List.of("org/dmalloc/move/STARTED", "org/dmalloc/move/FINISHED"), topics());
    Event started = posted.getFirst();
    assertEquals(region.id(), started.getProperty("region.id"));
    assertEquals("memory", started.getProperty("from"));
    assertEquals("files", started.getProperty("to"));
    Event finished = posted.getLast();
    assertEquals(region.id(), finished.getProperty("region.id"));
    assertEquals(result.copiedBytes(), finished.getProperty("bytes"));
    assertEquals(result.passes(), finished.getProperty("passes"));
    assertEquals(result.pauseNanos(), finished.getProperty("pause.nanos"));
    assertEquals(result.elapsedNanos(), finished.getProperty("elapsed.nanos"));
    assertEquals("shadow", finished.getProperty("method"));
  }

  @Test
  void aFailureIsToldWithItsReason() throws Exception {
    ManagedRegion region = rig.filled(1);
    rig.move(region, "files");
    posted.clear();
    memory.faults().fail("ENOMEM", "allocate", "open", "apply");
    assertThrows(MemoryException.class, () -> rig.move(region, "memory"));
    assertEquals(List.of("org/dmalloc/move/STARTED", "org/dmalloc/move/FAILED"), topics());
    assertEquals("files", posted.getLast().getProperty("from"));
    String reason = String.valueOf(posted.getLast().getProperty("reason"));
    assertTrue(reason.contains("ENOMEM"), reason);
  }
}
