/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;

/** A group, the service, and what every checkpoint of the group must be restored to. */
final class BackupRig {
  static final Duration DEADLINE = Duration.ofSeconds(30);
  static final int PAGE = 4096;

  /** A clock that tests move on; a microsecond passes with each look. */
  static final class Clock implements InstantSource {
    private Instant now = Instant.parse("2026-01-01T10:00:00Z");

    @Override
    public synchronized Instant instant() {
      now = now.plusNanos(1000);
      return now;
    }

    synchronized void advance(Duration by) {
      now = now.plus(by);
    }
  }

  final Clock clock = new Clock();
  final FakeGroup group = new FakeGroup("orders", clock);
  final Backups service = new Backups(List::of, clock);
  final TreeMap<Long, Map<String, byte[]>> expected = new TreeMap<>();

  /** Makes a checkpoint, and keeps what it must be. */
  long checkpoint() {
    try {
      synchronized (expected) {
        long number = group.checkpoint();
        Map<String, byte[]> contents = new HashMap<>();
        for (MemoryRegion region : group.regions()) {
          contents.put(region.info().name(), FakeGroup.bytes(region));
        }
        expected.put(number, contents);
        return number;
      }
    } catch (MemoryException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Stores to some pages of a region, with content that compresses or not, or zeros. */
  void storeSome(SplittableRandom random, String region) {
    int size = group.bytes(region).length;
    for (int i = random.nextInt(6); i >= 0 && size > 0; i--) {
      int offset = random.nextInt(size);
      byte[] bytes = new byte[Math.min(size - offset, random.nextInt(1, 3 * PAGE))];
      switch (random.nextInt(3)) {
        case 0 -> random.nextBytes(bytes);
        case 1 -> Arrays.fill(bytes, (byte) random.nextInt(256));
        default -> {
          offset -= offset % PAGE; // zeros, whole pages of them too
          bytes = new byte[Math.min(size - offset, 2 * PAGE)];
        }
      }
      group.store(region, offset, bytes);
    }
  }

  @FunctionalInterface
  interface Condition {
    boolean holds() throws MemoryException;
  }

  static void awaitUntil(String what, Condition condition) throws MemoryException {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < end, "not in time: " + what);
      LockSupport.parkNanos(1_000_000);
    }
  }

  static void await(Backup backup, long checkpoint) throws MemoryException {
    assertTrue(
        backup.await(checkpoint, DEADLINE),
        () -> "checkpoint " + checkpoint + ": " + backup.status());
  }

  List<Long> points(BackupStore store) throws MemoryException {
    return service.info(store, group.id()).points().stream().map(BackupPoint::number).toList();
  }

  /** Restores every point of a store, and compares all bytes. */
  List<Long> assertEveryPoint(BackupStore store) throws MemoryException {
    BackupInfo info = service.info(store, group.id());
    for (BackupPoint point : info.points()) {
      assertPoint(store, point.number());
    }
    return points(store);
  }

  void assertPoint(BackupStore store, long number) throws MemoryException {
    InMemoryProvider provider = InMemoryProvider.files("restored", new InMemoryStore("/restored"));
    List<MemoryRegion> regions =
        service.restore(
            store,
            RestoreRequest.of(group.id()).withPoint(RestorePoint.number(number)),
            provider,
            ProgressListener.NONE);
    Map<String, byte[]> contents;
    synchronized (expected) {
      contents = expected.get(number);
    }
    assertEquals(contents.size(), regions.size(), "regions at " + number);
    for (MemoryRegion region : regions) {
      String name = region.info().name();
      assertArrayEquals(
          contents.get(name), FakeGroup.bytes(region), "region " + name + " at " + number);
      region.close();
    }
  }
}
