/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.SimulatedGroup.Acknowledged;
import org.dmalloc.spi.checkpoint.SimulatedGroup.Attempt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cuts the power at every point, and has every write and every wait fail. What is found afterwards
 * is one checkpoint, whole, and none that is older than the last one that was acknowledged.
 */
final class JournalPowerCutTest {
  private static final int CUTS = 4;

  /** What was acknowledged when there had been so many operations. */
  private static Acknowledged last(SimulatedGroup group, int operations) {
    return group.acknowledged.stream()
        .filter(acknowledged -> acknowledged.at() <= operations)
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  private static boolean same(List<byte[]> a, List<byte[]> b) {
    for (int member = 0; member < SimulatedGroup.MEMBERS; member++) {
      if (!Arrays.equals(a.get(member), b.get(member))) {
        return false;
      }
    }
    return true;
  }

  /** Returns the number of what is found, which must be one of those that may be. */
  private static long check(SimulatedGroup group, int operations, SimulatedGroup found) {
    Acknowledged least = last(group, operations);
    long number = found.journal().sealed();
    if (number == least.number()) {
      assertTrue(same(least.content(), found.regions()), "checkpoint " + number + " is another");
      return number;
    }
    assertEquals(least.number() + 1, number, "after operation " + operations);
    for (Attempt attempt : group.attempts) {
      if (attempt.number() == number
          && attempt.begun() <= operations
          && same(attempt.content(), found.regions())) {
        return number;
      }
    }
    return fail("checkpoint " + number + " is a mixture after operation " + operations);
  }

  private static SimulatedGroup cut(SimulatedGroup group, int operations, Random random)
      throws IOException {
    return new SimulatedGroup(random, group.device.afterPowerCut(operations, random));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aPowerCutLeavesOneCheckpointWhole(long seed) throws Exception {
    Random random = new Random(seed);
    SimulatedGroup group = new SimulatedGroup(random);
    int start = group.device.operations();
    for (int step = 0; step < 30; step++) {
      if (step == 15) {
        group.reopen();
      }
      group.step();
    }
    Set<Long> newer = new HashSet<>();
    for (int operations = start; operations <= group.device.operations(); operations++) {
      for (int cut = 0; cut < CUTS; cut++) {
        SimulatedGroup found = cut(group, operations, random);
        if (check(group, operations, found) > last(group, operations).number()) {
          newer.add(found.journal().sealed());
        }
        // Life goes on, and the next crash too leaves one of its checkpoints.
        int again = found.device.operations();
        found.step();
        found.step();
        for (int more = again; more <= found.device.operations(); more += 7) {
          check(found, more, cut(found, more, random));
        }
      }
    }
    assertTrue(newer.size() > 3, "cuts between a force and its return: " + newer);
  }

  @Test
  void aCutWhileItIsOpenedIsNoWorse() throws Exception {
    Random random = new Random(5);
    SimulatedGroup group = new SimulatedGroup(random);
    for (int step = 0; step < 9; step++) {
      group.step();
    }
    int operations = group.device.operations();
    for (int round = 0; round < 20; round++) {
      SimulatedGroup first = cut(group, operations, random);
      long number = check(group, operations, first);
      for (int during = 0; during <= first.device.operations(); during++) {
        SimulatedGroup second = cut(first, during, random);
        long now = check(group, operations, second);
        assertTrue(now == number || during == 0, now + " after " + number);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Input/output error", "No space left on device"})
  void aDeviceThatRefusesLeavesTheCheckpointBefore(String reason) throws Exception {
    Set<String> refused = new HashSet<>();
    int attempts = 0;
    for (int seed = 0; seed < 3; seed++) {
      int operations = run(seed, -1, 0, "", 0).device.operations();
      for (int at = start(seed); at < operations; at++) {
        Random random = new Random(seed * 1000L + at);
        int times = 1 + random.nextInt(3);
        SimulatedGroup group = run(seed, at, times, reason, random.nextInt(9));
        attempts += group.attempts.size();
        refused.addAll(group.refused);
        SimulatedGroup closed = new SimulatedGroup(random, group.contents());
        check(group, group.device.operations(), closed);
        for (int cut = 0; cut < 6; cut++) {
          int after = at + random.nextInt(group.device.operations() - at + 1);
          check(group, after, cut(group, after, random));
        }
      }
    }
    assertTrue(attempts > 500, "attempts: " + attempts);
    assertTrue(refused.size() > 2, refused.toString());
  }

  private static int start(int seed) throws IOException {
    return new SimulatedGroup(new Random(seed)).device.operations();
  }

  /** Runs some steps; one that fails is tried again until it works. */
  private static SimulatedGroup run(int seed, int failAt, int times, String reason, int made)
      throws IOException {
    SimulatedGroup group = new SimulatedGroup(new Random(seed));
    if (failAt >= 0) {
      group.device.fail(failAt, times, reason, made);
    }
    for (int step = 0; step < 8; step++) {
      long sealed = group.journal().sealed();
      for (int attempt = 0; ; attempt++) {
        try {
          group.step();
          break;
        } catch (IOException e) {
          assertTrue(attempt < 5, "it still fails: " + e);
          assertTrue(
              e.getMessage().contains(reason.startsWith("I") ? "EIO" : "ENOSPC")
                  || e.getMessage().equals(reason),
              e.getMessage());
          group.refused.add(e instanceof MemoryException m ? m.operation() : "file");
          assertEquals(sealed, group.journal().sealed());
        }
      }
    }
    return group;
  }
}
