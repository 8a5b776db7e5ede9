/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SwapPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which kernel calls a policy makes, and that a refused one leaves all as it was. */
class PolicyStateTest {
  /** Notes the calls and refuses those that it was told to. */
  private static final class NotedCalls implements PagingCalls {
    final List<String> made = new ArrayList<>();
    final Set<String> refused = new HashSet<>();

    private void make(String call) throws MemoryException {
      made.add(call);
      if (refused.contains(call)) {
        throw MemoryException.of(call, target(), "ENOMEM", "");
      }
    }

    @Override
    public void lock() throws MemoryException {
      make("lock");
    }

    @Override
    public void unlock() throws MemoryException {
      make("unlock");
    }

    @Override
    public void advise(Advice advice) throws MemoryException {
      make(advice.name());
    }

    @Override
    public void pageOut() throws MemoryException {
      make("page out");
    }

    @Override
    public void populate() throws MemoryException {
      make("populate");
    }

    @Override
    public Advice hugePageDefault() {
      return Advice.NO_HUGE_PAGE;
    }

    @Override
    public String target() {
      return "test memory";
    }

    List<String> take() {
      List<String> taken = List.copyOf(made);
      made.clear();
      return taken;
    }
  }

  private final NotedCalls calls = new NotedCalls();
  private final PolicyState state = new PolicyState(calls, false, false, Advice.NORMAL);

  private List<String> apply(SwapPolicy policy) throws MemoryException {
    state.apply(policy);
    return calls.take();
  }

  @Test
  void eachPolicyIsItsDocumentedCalls() throws Exception {
    assertEquals(List.of("NORMAL"), apply(SwapPolicy.KERNEL));
    assertEquals(List.of("COLD"), apply(SwapPolicy.EARLY));
    assertEquals(List.of("page out"), apply(SwapPolicy.NOW));
    assertEquals(List.of("RANDOM"), apply(SwapPolicy.NO_READ_AHEAD));
    assertEquals(List.of("NORMAL"), apply(SwapPolicy.READ_AHEAD));
    assertEquals(List.of("HUGE_PAGE"), apply(SwapPolicy.HUGE_PAGES));
    assertEquals(List.of("NO_HUGE_PAGE"), apply(SwapPolicy.NO_HUGE_PAGES));
    assertEquals(List.of("populate"), apply(SwapPolicy.PREFAULT));
    assertEquals(List.of("lock"), apply(SwapPolicy.NEVER));
    assertEquals(List.of("populate"), apply(SwapPolicy.PREFAULT));
  }

  @Test
  void kernelUndoesWhatOtherPoliciesDid() throws Exception {
    state.apply(SwapPolicy.NEVER);
    state.apply(SwapPolicy.NO_READ_AHEAD);
    state.apply(SwapPolicy.HUGE_PAGES);
    calls.take();
    assertEquals(List.of("unlock", "NORMAL", "NO_HUGE_PAGE"), apply(SwapPolicy.KERNEL));
    assertFalse(state.locked());
  }

  @Test
  void kernelLeavesWhatTheRequestAskedFor() throws Exception {
    PolicyState asked = new PolicyState(calls, true, true, Advice.SEQUENTIAL);
    asked.apply(SwapPolicy.NEVER);
    asked.apply(SwapPolicy.NO_READ_AHEAD);
    asked.apply(SwapPolicy.NO_HUGE_PAGES);
    calls.take();
    asked.apply(SwapPolicy.KERNEL);
    assertEquals(List.of("SEQUENTIAL", "HUGE_PAGE"), calls.take());
    assertTrue(asked.locked());
  }

  @Test
  void kernelUndoesAdviceToo() throws Exception {
    state.advised(Advice.SEQUENTIAL, false);
    state.advised(Advice.HUGE_PAGE, false);
    assertEquals(List.of("NORMAL", "NO_HUGE_PAGE"), apply(SwapPolicy.KERNEL));
    state.advised(Advice.SEQUENTIAL, true);
    assertEquals(List.of("SEQUENTIAL", "NO_HUGE_PAGE"), apply(SwapPolicy.KERNEL));
  }

  @Test
  void earlyEndsTheLockFirst() throws Exception {
    state.apply(SwapPolicy.NEVER);
    calls.take();
    assertEquals(List.of("unlock", "COLD"), apply(SwapPolicy.EARLY));
    assertFalse(state.locked());
  }

  @Test
  void aRefusedSecondCallUndoesTheFirst() throws Exception {
    state.apply(SwapPolicy.NEVER);
    calls.take();
    calls.refused.add("COLD");
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> state.apply(SwapPolicy.EARLY));
    assertEquals("COLD", refusal.operation());
    assertEquals(List.of("unlock", "COLD", "lock"), calls.take());
    assertTrue(state.locked());
  }

  @Test
  void aRefusedLastCallUndoesAllBeforeItInTheOppositeOrder() throws Exception {
    state.apply(SwapPolicy.NEVER);
    state.apply(SwapPolicy.NO_READ_AHEAD);
    state.apply(SwapPolicy.HUGE_PAGES);
    calls.take();
    calls.refused.add("NO_HUGE_PAGE");
    assertThrows(MemoryException.class, () -> state.apply(SwapPolicy.KERNEL));
    assertEquals(List.of("unlock", "NORMAL", "NO_HUGE_PAGE", "RANDOM", "lock"), calls.take());
    assertTrue(state.locked());
    calls.refused.clear();
    assertEquals(List.of("unlock", "NORMAL", "NO_HUGE_PAGE"), apply(SwapPolicy.KERNEL));
  }

  @Test
  void anUndoThatFailsIsToldWithTheFirstFailure() throws Exception {
    state.apply(SwapPolicy.NEVER);
    calls.refused.addAll(List.of("COLD", "lock"));
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> state.apply(SwapPolicy.EARLY));
    assertEquals("COLD", refusal.operation());
    assertEquals("lock", ((MemoryException) refusal.getSuppressed()[0]).operation());
    assertSame(1, refusal.getSuppressed().length);
  }

  @ParameterizedTest
  @EnumSource(
      value = SwapPolicy.class,
      names = {"EARLY", "NOW"})
  void lockedRegionsAreNotSwapped(SwapPolicy policy) {
    PolicyState locked = new PolicyState(calls, true, false, Advice.NORMAL);
    MemoryException refusal = assertThrows(MemoryException.class, () -> locked.apply(policy));
    assertTrue(refusal.getMessage().contains("allocate it unlocked"), refusal.getMessage());
    assertEquals(List.of(), calls.take());
  }

  @Test
  void pagingOutUnderNeverIsRefused() throws Exception {
    state.apply(SwapPolicy.NEVER);
    calls.take();
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> state.apply(SwapPolicy.NOW));
    assertTrue(refusal.getMessage().contains("apply KERNEL"), refusal.getMessage());
    assertEquals(List.of(), calls.take());
  }
}
