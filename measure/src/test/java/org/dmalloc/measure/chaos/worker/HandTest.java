/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.backup.BackupService;
import org.dmalloc.heap.HeapService;
import org.dmalloc.measure.chaos.model.Book;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A hand finds nothing wrong with a provider that is right, and what is wrong with one that is not.
 */
class HandTest {
  private static final int STEPS = 3_000;
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());

  @TempDir private Path directory;
  private final InMemoryStore store = new InMemoryStore("/store");
  private final List<String> said = new ArrayList<>();

  /** The capabilities that an act of the hand needs, as far as memory can have them. */
  private InMemoryProvider provider(String name) {
    return new InMemoryProvider(
        name,
        EnumSet.of(
            Capability.NAMED,
            Capability.READ_ONLY,
            Capability.SHARED_MAPPING,
            Capability.FORCE,
            Capability.RESIZE,
            Capability.GROW_IN_PLACE,
            Capability.PUNCH,
            Capability.CHECKPOINT),
        store,
        Long.MAX_VALUE,
        Duration.ofSeconds(1));
  }

  /** Two providers over one store, without moves and backups. */
  private record TestSuite(List<MemoryProvider> all) implements Suite {
    @Override
    public List<String> names() {
      return all.stream().map(MemoryProvider::name).toList();
    }

    @Override
    public MemoryProvider provider(String name) {
      return all.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }

    @Override
    public RegionMover mover() {
      throw new UnsupportedOperationException();
    }

    @Override
    public HeapService heaps() {
      return HeapService.load();
    }

    @Override
    public Optional<BackupService> backups() {
      return Optional.empty();
    }

    @Override
    public boolean comesAndGoes() {
      return false;
    }

    @Override
    public void close() {}
  }

  private Hand hand(Set<Act> acts, MemoryProvider... providers) throws IOException {
    Hand hand =
        new Hand(
            new TestSuite(List.of(providers)),
            Book.read(directory.resolve("book")),
            SEED,
            new Tallies(),
            Files.createDirectories(directory.resolve("disk")),
            0,
            0,
            0,
            acts,
            (kind, text) -> said.add(kind + " " + text));
    hand.recover();
    return hand;
  }

  private static final Set<Act> ACTS =
      EnumSet.of(
          Act.ALLOCATE,
          Act.FREE,
          Act.WRITE,
          Act.CHECK,
          Act.RESIZE,
          Act.PUNCH,
          Act.PROTECT,
          Act.FORCE,
          Act.SMALL,
          Act.REOPEN,
          Act.RENAME,
          Act.DELETE,
          Act.SNAPSHOT,
          Act.HEAP,
          Act.CHECKPOINT,
          Act.DISCARD);

  private boolean run(Hand hand) {
    for (int step = 0; step < STEPS; step++) {
      if (!hand.step()) {
        return false;
      }
    }
    return true;
  }

  @Test
  void findsNothingWrongWithAProviderThatIsRight() throws IOException {
    InMemoryProvider one = provider("one");
    InMemoryProvider other = provider("other");
    Hand hand = hand(ACTS, one, other);
    assertTrue(run(hand), () -> "seed " + SEED + ": " + said);
    hand.finish();
    assertEquals(List.of(), said, () -> "seed " + SEED);
    assertEquals(0, one.openRegions() + other.openRegions());
    assertEquals(List.of(), one.stored());
  }

  @Test
  void whatIsRefusedHasChangedNothing() throws IOException {
    InMemoryProvider one = provider("one");
    int[] calls = {0};
    one.faults()
        .before(
            call -> {
              if (++calls[0] % 7 == 0) {
                throw MemoryException.of("call", "one", "ENOSPC", "");
              }
            });
    Hand hand = hand(ACTS, one);
    assertTrue(run(hand), () -> "seed " + SEED + ": " + said);
    one.faults().clear();
    hand.finish();
    assertEquals(List.of(), said, () -> "seed " + SEED);
  }

  /** One section in many has a copy of the memory: what is stored there is lost. */
  @Test
  void findsAStoreThatIsLost() throws IOException {
    MemoryProvider losing = losing(provider("one"), 50);
    Set<Act> acts = EnumSet.copyOf(ACTS);
    acts.remove(Act.SNAPSHOT); // whose target must be more than a MemoryProvider
    acts.remove(Act.HEAP); // which may notice first that stores of its own are lost
    assertFalse(run(hand(acts, losing)), () -> "seed " + SEED);
    assertEquals(1, said.size());
    assertTrue(said.getFirst().startsWith("LOST "), said::toString);
    assertTrue(said.getFirst().contains(" is to have version "), said::toString);
  }

  @Test
  void findsAnExceptionThatNoUserIsPreparedFor() throws IOException {
    InMemoryProvider one = provider("one");
    one.faults().fail(new ArrayIndexOutOfBoundsException("a bug"), "resize");
    assertFalse(run(hand(ACTS, one)), () -> "seed " + SEED);
    assertTrue(said.getFirst().startsWith("FAILED resize: "), said::toString);
    assertTrue(said.getFirst().contains("a bug"), said::toString);
  }

  @Test
  void theNextGenerationFindsWhatAStoreHasLost() throws IOException {
    InMemoryProvider one = provider("one");
    Hand hand = hand(ACTS, one);
    assertTrue(run(hand), () -> "seed " + SEED + ": " + said);
    // A kill: nothing is closed, and the book is what is left.
    Book book = Book.read(directory.resolve("book"));
    String name =
        book.models().stream()
            .filter(model -> model.name() != null)
            .map(model -> String.valueOf(model.name()))
            .findFirst()
            .orElseThrow();
    one.regions().forEach(MemoryRegion::close);
    one.delete(name);
    LostBytesException lost = assertThrows(LostBytesException.class, () -> hand(ACTS, one));
    assertTrue(lost.getMessage().contains(name + " is in no store"), lost::getMessage);
  }

  private static MemoryProvider losing(MemoryProvider provider, int every) {
    int[] sections = {0};
    return proxy(
        MemoryProvider.class,
        provider,
        (method, result) ->
            result instanceof MemoryRegion region
                ? proxy(
                    MemoryRegion.class,
                    region,
                    (call, given) ->
                        given instanceof Access access && ++sections[0] % every == 0
                            ? copied(access)
                            : given)
                : result);
  }

  private static Access copied(Access access) {
    MemorySegment segment = access.segment();
    MemorySegment copy =
        Arena.ofAuto().allocate(Math.max(1, segment.byteSize())).asSlice(0, segment.byteSize());
    MemorySegment.copy(segment, JAVA_BYTE, 0, copy, JAVA_BYTE, 0, segment.byteSize());
    return proxy(
        Access.class,
        access,
        (call, given) ->
            given instanceof MemorySegment
                ? (segment.isReadOnly() ? copy.asReadOnly() : copy)
                : given);
  }

  @FunctionalInterface
  private interface Change {
    Object apply(String method, Object result);
  }

  private static <T> T proxy(Class<T> type, T target, Change change) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              try {
                return change.apply(method.getName(), method.invoke(target, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
