/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;

/**
 * Records the calls of an {@link InMemoryProvider} and makes them fail, by name.
 *
 * <p>A call is recorded as its name and, where it has one, its argument: {@code allocate} (also
 * {@code unfilled} or {@code unpublished}), {@code open}, {@code delete}, {@code rename}, {@code
 * forceNames}, {@code stored}, {@code regions}, {@code verify}, {@code force}, {@code advise
 * RANDOM}, {@code apply NEVER}, {@code prefetch 512} (offsets), {@code load 4096}, {@code release
 * 4096} (bytes), {@code limitResident}, {@code trackDirty}, {@code resize}, {@code close}. A fault
 * for a name holds for every argument, and until {@link #clear}. Thread-safe.
 */
public final class Faults {
  private final String target;
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final Map<String, Fault> faults = new ConcurrentHashMap<>();
  private final List<Fault> always = new CopyOnWriteArrayList<>();

  /** Runs in place of a call until it returns, or throws in its place. */
  @FunctionalInterface
  public interface Fault {
    /** Throws, or lets the call go on; gets its name and argument. */
    void before(String call) throws MemoryException;
  }

  Faults(String target) {
    this.target = target;
  }

  /** Runs before every call; the fault decides which it breaks. */
  public void before(Fault fault) {
    always.add(fault);
  }

  /** The calls fail with that reason: an errno's name, or any text. */
  public void fail(String reason, String... names) {
    before(
        call -> {
          throw MemoryException.of(name(call), target, reason, "");
        },
        names);
  }

  /** The calls fail with a fault of the caller's or of the machine's. */
  public void fail(Error failure, String... names) {
    before(
        call -> {
          throw failure;
        },
        names);
  }

  /** The calls fail with a fault of the caller's. */
  public void fail(RuntimeException failure, String... names) {
    before(
        call -> {
          throw failure;
        },
        names);
  }

  /** The calls take longer, inside whatever section or lock they have. */
  public void delay(Duration time, String... names) {
    before(
        call -> {
          long end = System.nanoTime() + time.toNanos();
          for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
          }
        },
        names);
  }

  /** Runs before these calls, in place of an earlier fault of theirs. */
  public void before(Fault fault, String... names) {
    Arrays.asList(names).forEach(name -> faults.put(name, fault));
  }

  /** No call fails any more; what was recorded stays. */
  public void clear() {
    faults.clear();
    always.clear();
  }

  /** The calls with these names so far, in order; all without names. */
  public List<String> calls(String... names) {
    List<String> wanted = List.of(names);
    return calls.stream().filter(c -> wanted.isEmpty() || wanted.contains(name(c))).toList();
  }

  public int count(String name) {
    return calls(name).size();
  }

  private static String name(String call) {
    int space = call.indexOf(' ');
    return space < 0 ? call : call.substring(0, space);
  }

  void called(String call) throws MemoryException {
    calls.add(call);
    for (Fault fault : always) {
      fault.before(call);
    }
    Fault fault = faults.get(name(call));
    if (fault != null) {
      fault.before(call);
    }
  }

  /** For calls that cannot throw a {@link MemoryException}. */
  void calledUnchecked(String call) {
    try {
      called(call);
    } catch (MemoryException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
