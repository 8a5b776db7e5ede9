/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A backend may be anybody's: one that breaks its contract, or has another's name, harms none. */
class FaultyBackendTest {
  private final InMemoryStore disk = new InMemoryStore("/disk");
  private final Rig rig = new Rig();

  private static MemoryProvider evil(boolean throwing) {
    return (MemoryProvider)
        Proxy.newProxyInstance(
            FaultyBackendTest.class.getClassLoader(),
            new Class<?>[] {MemoryProvider.class},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "equals" -> {
                  return proxy.hashCode() == arguments[0].hashCode();
                }
                case "hashCode" -> {
                  return 7;
                }
                case "toString" -> {
                  return "evil";
                }
                default -> {
                  // asked as a provider
                }
              }
              if (throwing) {
                throw new AssertionError("boom");
              }
              return null;
            });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itDisablesNothing(boolean throwing) throws Exception {
    rig.add(evil(throwing), 1000);
    InMemoryProvider files = InMemoryProvider.files("files", disk);
    rig.add(files, 1);
    rig.add(InMemoryProvider.memory("memory"), 0);
    try (MemoryRegion region = rig.provider.allocate(RegionRequest.ofSize(64).withName("orders"))) {
      assertEquals("files", rig.regions.moves().managed(region.id()).orElseThrow().backend());
      assertEquals(
          List.of("orders"), rig.provider.stored().stream().map(StoredRegion::name).toList());
    }
    try (MemoryRegion region = rig.filled(3)) {
      rig.move(region, "memory");
      Rig.check(region, 3);
    }
    assertTrue(
        rig.provider.verify().stream()
            .anyMatch(
                f ->
                    f.severity() == StoreFinding.Severity.ERROR
                        && f.subject().equals("backend service-1")));
    rig.provider.delete("orders");
    assertEquals(List.of(), rig.provider.stored());
    assertTrue(rig.provider.supportedAdvice().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void oneThatCannotEvenAllocateIsNamed(boolean throwing) {
    InMemoryProvider sound = InMemoryProvider.memory("evil");
    MemoryProvider evil = evil(throwing);
    rig.add(
        (MemoryProvider)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {MemoryProvider.class},
                (proxy, method, arguments) ->
                    method.getName().equals("allocate")
                        ? method.invoke(evil, arguments)
                        : method.invoke(sound, arguments)),
        1);
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class, () -> rig.provider.allocate(RegionRequest.ofSize(64)));
    assertTrue(e.getMessage().startsWith("backend evil broke its contract: "), e.getMessage());
  }

  @Test
  void twoOfOneNameAreNotGuessedAt() throws Exception {
    rig.add(InMemoryProvider.memory("memory"), 10);
    rig.add(InMemoryProvider.files("files", disk), 1);
    rig.add(InMemoryProvider.files("files", new InMemoryStore("/other")), 0);
    try (MemoryRegion region = rig.filled(5)) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> rig.move(region, "files"));
      assertEquals(
          "2 backends are named files; configure each with a dmalloc.backend of its own",
          e.getMessage());
      Rig.check(region, 5);
    }
  }

  @Test
  void aNameInTwoStoresIsNotDeleted() throws Exception {
    InMemoryProvider fast = InMemoryProvider.files("fast", disk);
    InMemoryProvider big = InMemoryProvider.files("big", new InMemoryStore("/other"));
    rig.add(fast, 1);
    rig.add(big, 0);
    fast.allocate(RegionRequest.ofSize(64).withName("orders")).close();
    big.allocate(RegionRequest.ofSize(64).withName("orders")).close();
    MemoryException e = assertThrows(MemoryException.class, () -> rig.provider.delete("orders"));
    assertTrue(
        e.getMessage().contains("in several stores: /disk/orders.region, /other/"), e.getMessage());
    assertTrue(
        e.getMessage().endsWith("delete it by the backend of one: fast, big"), e.getMessage());
    assertEquals(2, rig.provider.stored().size());
    big.delete("orders");
    rig.provider.delete("orders");
    assertEquals(List.of(), rig.provider.stored());
  }

  /** The inner region's number is the manager's own; no user has ever seen it. */
  @Test
  void messagesOfABackendNameTheRegionAsItsUsersKnowIt() throws Exception {
    InMemoryProvider memory = InMemoryProvider.memory("memory");
    rig.add(memory, 0);
    rig.filled(1).close();
    try (ManagedRegion region = rig.allocate(RegionRequest.ofSize(64))) {
      String known = String.format(Locale.ROOT, "region %d", region.id());
      assertEquals(known + " (memory)", region.placement().region().toString());
      IndexOutOfBoundsException e =
          assertThrows(IndexOutOfBoundsException.class, () -> region.residency(60, 60));
      assertTrue(e.getMessage().contains("lies outside " + known + " (memory)"), e.getMessage());
      rig.add(InMemoryProvider.memory("more"), 1);
      rig.move(region, "more");
      assertEquals(known + " (more)", region.placement().region().toString());
    }
  }
}
