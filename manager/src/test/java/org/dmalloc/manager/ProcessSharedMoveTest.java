/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.testkit.PeerJvm;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Moves of regions that other processes may have open: by the same store, and to another one. */
final class ProcessSharedMoveTest {
  @TempDir Path directory;
  private Path store;
  private Path other;
  private Rig rig;
  private MemoryProvider first;
  private ManagedRegion region;
  private PeerJvm peer;

  @BeforeEach
  void allocate() throws Exception {
    store = Files.createDirectory(directory.resolve("store"));
    other = Files.createDirectory(directory.resolve("other"));
    rig = new Rig(10_000);
    first = Rig.panama("first", store);
    rig.add(first, 3);
    rig.add(Rig.panama("second", store), 2);
    rig.add(Rig.panama("elsewhere", other), 1);
    region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("board").withProcessShared(true));
    Rig.fill(region, 1);
    peer = PeerJvm.start(ManagedFixture.class.getName(), store);
  }

  @AfterEach
  void close() throws Exception {
    peer.close();
    region.close();
  }

  private RegionMembers members() {
    return region.members().orElseThrow();
  }

  private void assertRefusedBesideThePeer(Executable attempt) {
    String message =
        Objects.requireNonNull(assertThrows(MemoryException.class, attempt).getMessage());
    assertTrue(message.contains(Long.toString(peer.pid())), message);
  }

  @Test
  void nothingMovesWhileAnotherProcessHasItOpen() throws Exception {
    peer.ask("join board");
    assertRefusedBesideThePeer(() -> rig.move(region, "second"));
    assertRefusedBesideThePeer(() -> rig.move(region, "elsewhere"));
    assertRefusedBesideThePeer(() -> region.snapshot(SnapshotRequest.of("s")));
    assertEquals("first", region.placement().backend().name());
    peer.ask("set 8 " + (31 + 8)); // what is there
    Rig.check(region, 1);
    peer.ask("close");
    assertEquals(MoveMethod.REMAP, rig.move(region, "second").method());
    region.snapshot(SnapshotRequest.of("s"));
    peer.ask("join board");
    assertEquals(31 + 8, peer.askNumber("get 8"));
    Rig.check(region, 1);
  }

  @Test
  void inOneStoreTheProcessStaysTheSameMemberWithItsLocks() throws Exception {
    int number = members().self();
    RegionMembers.Hold work = members().tryHold("work").orElseThrow();
    rig.move(region, "second");
    assertEquals(number, members().self());
    peer.ask("join board");
    assertEquals("true", peer.ask("alive " + number));
    assertEquals("false", peer.ask("hold work"));
    work.close();
    assertEquals("true", peer.ask("hold work"));
    Rig.check(region, 1);
  }

  @Test
  void toAnotherStoreItGoesWithoutLocksAndAsANewMember() throws Exception {
    int number = members().self();
    try (RegionMembers.Hold work = members().tryHold("work").orElseThrow()) {
      IllegalStateException e =
          assertThrows(IllegalStateException.class, () -> rig.move(region, "elsewhere"));
      assertTrue(String.valueOf(e.getMessage()).contains("locks"), "holds " + work);
    }
    assertEquals(MoveMethod.COPY, rig.move(region, "elsewhere").method());
    assertNotEquals(number, members().self());
    assertTrue(peer.askRefused("join board").contains("no such region"));
    try (PeerJvm there = PeerJvm.start(ManagedFixture.class.getName(), other)) {
      there.ask("join board");
      assertEquals(31 + 8, there.askNumber("get 8"));
    }
    Rig.check(region, 1);
  }

  @Test
  void whatAnotherProcessHasAddedIsNotLeftBehind() throws Exception {
    peer.ask("join board");
    long larger = Rig.SIZE + (1 << 20);
    peer.ask("ensure " + larger);
    peer.ask("close");
    for (String target : new String[] {"second", "elsewhere"}) {
      MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, target));
      assertTrue(String.valueOf(e.getMessage()).contains("made it " + larger), e.getMessage());
      assertEquals("first", region.placement().backend().name());
    }
    region.resize(larger);
    rig.move(region, "elsewhere");
    assertEquals(larger, region.byteSize());
  }

  @Test
  void withItsBackendGoneItIsStrandedForThatReason() throws Exception {
    peer.ask("join board");
    rig.regions.leaving(first);
    String why = String.valueOf(region.stranded());
    assertTrue(why.contains(Long.toString(peer.pid())), why);
    assertEquals(31 + 8, peer.askNumber("get 8"));
  }
}
