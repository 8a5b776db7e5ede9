/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.shared.Held;
import org.dmalloc.shared.MessageRing;
import org.dmalloc.shared.RobustLock;
import org.dmalloc.shared.RobustReadWriteLock;
import org.dmalloc.shared.SharedMemoryService;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.locks.LockCommands;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LocksCommandTest {
  private static final int SHELL = 1;
  private static final int OTHER = 2;

  private final SharedMemoryService service = SharedMemoryService.load();
  private final InMemoryProvider memory = InMemoryProvider.of("shared");
  private final GogoShell shell =
      new GogoShell(List.of(new LockCommands(service)), InMemoryProvider.of("plain"));
  private final Set<Integer> alive = ConcurrentHashMap.newKeySet();
  private MemoryRegion region;

  @BeforeEach
  void share() throws Exception {
    alive.addAll(Set.of(SHELL, OTHER));
    shell.providers.put(
        as(MemoryProvider.class, memory, SHELL), new Backend.Service(1, 1000, null, ""));
    region = memory.allocate(RegionRequest.ofSize(2 << 20));
  }

  @AfterEach
  void close() throws Exception {
    region.close();
    shell.close();
  }

  /** The provider, whose regions a member has open. */
  private <T> T as(Class<T> type, T of, int member) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              if (method.getName().equals("members")) {
                return Optional.of(new Member(member));
              }
              try {
                Object result = method.invoke(of, arguments);
                return method.getName().equals("regions")
                    ? memory.regions().stream()
                        .map(each -> as(MemoryRegion.class, each, member))
                        .toList()
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private final class Member implements RegionMembers {
    private final int number;

    Member(int number) {
      this.number = number;
    }

    @Override
    public int self() {
      return number;
    }

    @Override
    public boolean isAlive(int member) {
      return alive.contains(member);
    }

    @Override
    public List<Long> processes() {
      return List.of();
    }

    @Override
    public Optional<Hold> tryHold(String what) {
      throw new UnsupportedOperationException("no lock needs it");
    }

    @Override
    public Optional<Hold> tryExclude() {
      throw new UnsupportedOperationException("no lock needs it");
    }
  }

  @Test
  void showsWhoHasTheLocksOfARegionAndWhatTheDeadLeft() throws Exception {
    String locks = "locks " + region.id();
    assertEquals(
        "no lock in 1 MiB at 0 of region "
            + region.id()
            + "; look further with --offset and"
            + " --length",
        shell.run(locks));
    MemoryRegion other = as(MemoryRegion.class, region, OTHER);
    RobustLock lock = service.createLock(other, 0);
    RobustReadWriteLock sides = service.createReadWriteLock(other, 4096);
    MessageRing ring = service.createRing(other, 1 << 20, 4096);
    assertEquals(4096, ring.capacity());
    long pid = ProcessHandle.current().pid();
    long thread = Thread.currentThread().threadId();
    try (Held held = lock.acquire();
        Held read = sides.reading().acquire()) {
      assertFalse(held.inconsistent() || read.inconsistent());
      assertEquals(
          List.of(
              "OFFSET  KIND  OWNER  READERS  WAITERS  DEATHS  STATE",
              "0  lock  process P thread T  -  -  0  consistent",
              "4096  read/write  -  1 of process P  -  0  consistent"),
          words(shell.run(locks), pid, thread));
      alive.remove(OTHER);
      assertTrue(shell.run(locks).contains("process " + pid + " (dead) thread"), shell.run(locks));
      RobustLock own = service.openLock(as(MemoryRegion.class, region, SHELL), 0);
      try (Held next = own.tryAcquire().orElseThrow()) {
        assertTrue(next.inconsistent());
      }
      alive.add(OTHER); // to release what it held
      assertThrows(Exception.class, held::close);
    }
    assertTrue(shell.run(locks + " --length 4k").endsWith("1  inconsistent"), shell.run(locks));
    String rings = shell.run(locks + " --offset 1m");
    assertTrue(rings.contains("ring producers") && rings.contains("ring consumers"), rings);
    String json = shell.run(locks + " --json");
    assertTrue(json.contains("\"recoveries\": 1") && json.contains("\"LOCK\""), json);
  }

  private static List<String> words(String table, long pid, long thread) {
    return table
        .lines()
        .map(String::strip)
        .map(line -> line.replaceAll(" {2,}", "  "))
        .map(line -> line.replace("process " + pid, "process P"))
        .map(line -> line.replace("thread " + thread, "thread T"))
        .toList();
  }

  @Test
  void aRegionThatNobodySharesIsRefusedWithTheNextStep() throws Exception {
    Object made = shell.session.execute("alloc 64k -b plain");
    String failed = shell.fail("locks " + made);
    assertTrue(failed.contains("free it and open it with --process-shared"), failed);
    assertTrue(shell.fail("locks 4711").contains("4711"));
    assertTrue(
        shell.fail("locks " + region.id() + " --offset 4m").contains("beyond the end of region"));
  }

  @Test
  void withoutTheServiceTheComponentIsNotMade() {
    assertThrows(IllegalStateException.class, () -> new LockCommands(null));
  }
}
