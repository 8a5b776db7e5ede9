/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.Test;

/** What another process stores to the page of a lock. */
class DamagedLockTest {
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());
  private static final long OWNER = 64;
  private static final long TURN = 72;
  private static final long SLOTS = 128;
  private static final long SEAL = 4032;

  private final SharedMemoryService service = SharedMemoryService.load();
  private final Members members = new Members(2 * RobustLock.BYTES);
  private final SharedTestRegion one = members.join();
  private final SharedTestRegion two = members.join();

  @Test
  void anotherHeaderIsRefusedByThoseWhoHaveItOpenAndThoseWhoCome() throws Exception {
    RobustLock lock = service.createLock(one, 0);
    for (long at : new long[] {0, 8, 12, 16, 24, 40, 56, SEAL, SEAL + 24}) {
      byte before = members.memory().get(JAVA_BYTE, at);
      members.memory().set(JAVA_BYTE, at, (byte) ~before);
      if (at >= SEAL) {
        MemoryException e = assertThrows(MemoryException.class, lock::acquire);
        assertTrue(e.getMessage().contains("gone or was overwritten"), e.getMessage());
        assertThrows(MemoryException.class, lock::tryAcquire);
      }
      assertThrows(MemoryException.class, () -> service.openLock(two, 0), "byte " + at);
      members.memory().set(JAVA_BYTE, at, before);
    }
    try (Held held = service.openLock(two, 0).acquire()) {
      assertFalse(held.inconsistent());
    }
  }

  @Test
  void aNewerFormatIsNamed() throws Exception {
    service.createLock(one, 0);
    members.memory().set(JAVA_INT, 8, 2);
    members.memory().set(JAVA_LONG, 56, checksumOfHeader());
    MemoryException e = assertThrows(MemoryException.class, () -> service.openLock(two, 0));
    assertTrue(e.getMessage().contains("format 2, and this version knows 1"), e.getMessage());
  }

  private long checksumOfHeader() {
    CRC32C crc = new CRC32C();
    crc.update(members.memory().asSlice(0, 56).toArray(JAVA_BYTE));
    return crc.getValue();
  }

  @Test
  void anOwnerThatNobodyIsIsRecoveredLikeADeath() throws Exception {
    RobustLock lock = service.createLock(one, 0);
    members.memory().set(JAVA_LONG, OWNER, 0x1234_5678_0000_0001L);
    try (Held held = lock.tryAcquire(TestThreads.DEADLINE).orElseThrow()) {
      assertTrue(held.inconsistent());
      held.markConsistent();
    }
    members.memory().set(JAVA_LONG, OWNER, 77); // a thread of no member
    MemoryException e = assertThrows(MemoryException.class, lock::tryAcquire);
    assertTrue(e.getMessage().contains("no member's number"), e.getMessage());
  }

  @Test
  void aTurnOfNobodyIsTakenAway() throws Exception {
    RobustLock lock = service.createLock(one, 0);
    for (long turn : new long[] {-1, 1, 62, 0x7fff_ffff_0000_0005L, 0x0000_0001_0000_0001L}) {
      members.memory().set(JAVA_LONG, TURN, turn);
      try (Held held = lock.tryAcquire(TestThreads.DEADLINE).orElseThrow()) {
        assertFalse(held.inconsistent());
      }
      members.memory().set(JAVA_LONG, TURN, turn);
      assertTrue(lock.tryAcquire().isPresent(), "turn " + turn);
      members.memory().set(JAVA_LONG, OWNER, 0);
    }
  }

  @Test
  void theOwnerLearnsThatItsWordWasOverwritten() throws Exception {
    RobustLock lock = service.createLock(one, 0);
    Held held = lock.acquire();
    members.memory().set(JAVA_LONG, OWNER, 0);
    MemoryException e = assertThrows(MemoryException.class, held::close);
    assertTrue(e.getMessage().contains("overwritten"), e.getMessage());
    held.close();
  }

  @Test
  void aSlotOfAnotherIsRefused() throws Exception {
    RobustReadWriteLock lock = service.createReadWriteLock(one, 0);
    members.memory().set(JAVA_LONG, SLOTS, 5); // five readers of nobody
    assertThrows(MemoryException.class, lock.reading()::acquire);
    assertThrows(MemoryException.class, lock.writing()::tryAcquire);
  }

  /** Any bytes in the words give an owner, a time-out or an exception. */
  @Test
  void noBytesHangACallThatHasADeadline() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int round = 0; round < 200; round++) {
      service.createReadWriteLock(one, 0);
      RobustReadWriteLock lock = service.openReadWriteLock(two, 0);
      for (int store = 1 + random.nextInt(8); store > 0; store--) {
        long at = OWNER + 4L * random.nextInt((int) (SEAL - OWNER) / 4);
        members.memory().set(JAVA_INT, at, random.nextInt());
      }
      for (Acquirable side : new Acquirable[] {lock.reading(), lock.writing()}) {
        try {
          Optional<Held> held = side.tryAcquire(Duration.ofMillis(2));
          if (held.isPresent()) {
            held.get().close();
          }
        } catch (MemoryException e) {
          assertEquals("use lock", e.operation());
        }
      }
      service.erase(one, 0);
    }
    assertEquals(List.of(), service.locks(one, 0, one.byteSize()));
  }
}
