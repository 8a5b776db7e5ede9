/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.jspecify.annotations.Nullable;

/**
 * Members of one piece of memory, all of them in this JVM: as many processes as a test wants, which
 * die when it says so. What a dead one holds stays as it was, as after {@code kill -9}.
 */
final class Members {
  private final Set<Integer> alive = ConcurrentHashMap.newKeySet();
  private final AtomicInteger numbers = new AtomicInteger();
  private final MemorySegment memory;
  private final Set<String> held = ConcurrentHashMap.newKeySet();
  private volatile @Nullable MemoryException refuses;

  Members(long byteSize) {
    this.memory = Arena.ofAuto().allocate(byteSize, RobustLock.BYTES);
  }

  MemorySegment memory() {
    return memory;
  }

  /** The memory as a new member sees it. */
  SharedTestRegion join() {
    return SharedTestRegion.of(memory, member());
  }

  RegionMembers member() {
    int number = numbers.incrementAndGet();
    alive.add(number);
    return new One(number);
  }

  /** What is held by a name that all members know. */
  Set<String> held() {
    return held;
  }

  /** Has the question fail who lives; null for no more. */
  void refuse(@Nullable MemoryException refusal) {
    refuses = refusal;
  }

  void kill(SharedTestRegion region) {
    alive.remove(region.members().orElseThrow().self());
  }

  private final class One implements RegionMembers {
    private final int number;

    One(int number) {
      this.number = number;
    }

    @Override
    public int self() {
      return number;
    }

    @Override
    public boolean isAlive(int member) throws MemoryException {
      MemoryException refusal = refuses;
      if (refusal != null) {
        throw refusal;
      }
      if (member <= 0) {
        throw new IllegalArgumentException("member " + member);
      }
      return alive.contains(member);
    }

    @Override
    public List<Long> processes() {
      return List.of();
    }

    @Override
    public Optional<Hold> tryHold(String what) {
      return held.add(what) ? Optional.of(() -> held.remove(what)) : Optional.empty();
    }

    @Override
    public Optional<Hold> tryExclude() {
      throw new UnsupportedOperationException("no lock needs it");
    }
  }
}
