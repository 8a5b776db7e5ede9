/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cuts the power between all changes of names, {@link PowerCutTest} those of files: a region whose
 * name is durable has one name at any time, until its deletion.
 */
final class PowerCutNamesTest {
  private static final NameDurability NOW = NameDurability.NOW;
  private static final NameDurability LATER = NameDurability.ON_FORCE;

  @TempDir Path directory;
  private RegionStore store;
  private SimulatedDirectory device;

  @BeforeEach
  void openStore() throws Exception {
    use(RegionStore.open(directory));
  }

  private void use(RegionStore used) throws IOException {
    store = used;
    device = new SimulatedDirectory(directory);
    store.entries().callBy(device);
  }

  private StoreFile create(String name, NameDurability durable) throws MemoryException {
    return store.create(name, 100, Reservation.SPARSE, SpaceReserver.SPARSE, durable, "test");
  }

  /** The names that lead to a region, in each state that a cut can leave. */
  private Set<Set<String>> namesAfterCuts() throws IOException {
    Set<Set<String>> all = new HashSet<>();
    for (Map<String, String> cut : device.cuts()) {
      Map<String, String> regions = new TreeMap<>(cut);
      regions.values().removeIf(String::isEmpty);
      Set<String> names = new HashSet<>();
      regions.keySet().forEach(file -> names.add(RegionFileName.parse(file).orElseThrow()));
      all.add(names);
    }
    return all;
  }

  private void assertDurable(String... names) throws IOException {
    assertEquals(Set.of(Set.of(names)), namesAfterCuts());
    assertEquals(List.of(device.inMemory()), device.cuts());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatIsDoneNowIsDurable(boolean links) throws Exception {
    if (!links) {
      use(
          RegionStore.open(
              directory,
              (name, file) -> {
                throw new UnsupportedOperationException("no links");
              }));
    }
    try (StoreFile file = create("r", NOW)) {
      assertDurable("r");
      file.rename("s", NOW, (name, path) -> {});
      assertDurable("s");
    }
    store.rename("s", "t", NOW);
    assertDurable("t");
    store.delete("t");
    assertDurable();
  }

  @Test
  void whatIsPutOffIsDurableWithTheForceAndOneOfBothBefore() throws Exception {
    try (StoreFile file = create("r", LATER)) {
      assertEquals(Set.of(Set.of(), Set.of("r")), namesAfterCuts());
      file.forceName();
      assertDurable("r");
      file.rename("s", LATER, (name, path) -> {});
      assertEquals(Set.of(Set.of("r"), Set.of("s")), namesAfterCuts());
      file.forceName();
      assertDurable("s");
    }
    store.rename("s", "t", LATER);
    assertEquals(Set.of(Set.of("s"), Set.of("t")), namesAfterCuts());
    store.unforced().force();
    assertDurable("t");
    store.delete("t", false, LATER);
    assertEquals(Set.of(Set.of("t"), Set.of()), namesAfterCuts());
    store.unforced().force();
    assertDurable();
    assertEquals(0, store.unforced().count());
  }

  /** Whether the device has done what a failed wait waited for nobody knows. */
  @Test
  void whatFailedIsUndoneOnTheDeviceByTheNextForceOfNames() throws Exception {
    device.failNext(1);
    assertThrows(MemoryException.class, () -> create("r", NOW));
    assertTrue(namesAfterCuts().contains(Set.of("r")));
    store.unforced().force();
    assertDurable();

    create("s", NOW).close();
    device.failNext(1);
    assertThrows(MemoryException.class, () -> store.delete("s"));
    store.unforced().force();
    assertDurable();

    create("t", NOW).close();
    device.failNext(2);
    assertThrows(MemoryException.class, () -> store.rename("t", "u", NOW));
    store.unforced().force();
    assertDurable("t");
    assertEquals(0, store.unforced().count());
  }

  @Test
  void aForceThatFailsIsMadeUpForByTheNextOne() throws Exception {
    create("r", LATER).close();
    device.failNext(1);
    assertThrows(IOException.class, () -> store.unforced().force());
    assertEquals(Set.of(Set.of(), Set.of("r")), namesAfterCuts());
    store.unforced().force();
    assertDurable("r");
  }

  /** Random orders; the seed is in the name of the run. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noOrderOfCallsLosesARegionWhoseNameIsDurable(long seed) throws Exception {
    Random random = new Random(seed);
    List<String> closed = new ArrayList<>();
    Map<String, StoreFile> open = new HashMap<>();
    for (int step = 0; step < 60; step++) {
      NameDurability how = random.nextBoolean() ? NOW : LATER;
      String fresh = "n" + step;
      device.failNext(random.nextInt(10) == 0 ? 1 : 0);
      Set<String> before = certain();
      String gone = "";
      try {
        switch (random.nextInt(6)) {
          case 0, 1 -> open.put(fresh, create(fresh, how));
          case 2 -> {
            if (!open.isEmpty()) {
              String name = open.keySet().iterator().next();
              StoreFile file = open.remove(name);
              open.put(name, file);
              file.rename(
                  fresh,
                  how,
                  (now, path) -> {
                    open.remove(name);
                    open.put(now, file);
                  });
            }
          }
          case 3 -> {
            if (!open.isEmpty()) {
              String name = open.keySet().iterator().next();
              open.remove(name).close();
              closed.add(name);
            }
          }
          case 4 -> {
            if (!closed.isEmpty()) {
              Collections.shuffle(closed, random);
              store.rename(closed.getFirst(), fresh, how);
              closed.set(0, fresh);
            }
          }
          default -> {
            if (!closed.isEmpty() && random.nextBoolean()) {
              String name = closed.removeFirst();
              gone = device.inMemory().get(RegionFileName.of(name));
              store.delete(name, random.nextBoolean(), how);
            } else if (random.nextBoolean()) {
              store.unforced().force();
            }
          }
        }
      } catch (IOException e) {
        assertTrue(
            String.valueOf(e.getMessage()).contains("EIO (5)") || !(e instanceof MemoryException),
            e.getMessage());
      }
      device.failNext(0);
      before.remove(gone);
      for (Map<String, String> cut : device.cuts()) {
        List<String> files = new ArrayList<>(cut.values());
        files.removeIf(String::isEmpty);
        assertEquals(files.size(), Set.copyOf(files).size(), "two names: " + cut);
        assertTrue(files.containsAll(before), "step " + step + " lost one: " + cut);
      }
    }
    for (StoreFile file : open.values()) {
      file.close();
    }
    store.unforced().force();
    assertEquals(List.of(device.inMemory()), device.cuts());
    Set<String> names = new HashSet<>(open.keySet());
    names.addAll(closed);
    assertEquals(Set.of(names), namesAfterCuts());
  }

  /** The files that every cut leaves a name. */
  private Set<String> certain() throws IOException {
    Set<String> files = new HashSet<>(device.inMemory().values());
    for (Map<String, String> cut : device.cuts()) {
      files.retainAll(cut.values());
    }
    files.remove("");
    return files;
  }
}
