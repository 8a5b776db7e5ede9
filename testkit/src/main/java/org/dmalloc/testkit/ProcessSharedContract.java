/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Named regions that several JVMs have open for writing at once. */
public abstract class ProcessSharedContract extends ContractTheme {
  private static final String NAME = "orders";
  private static final OpenRequest SHARED = OpenRequest.of(NAME).withProcessShared(true);

  private final List<PeerJvm> peers = new ArrayList<>();
  private String peerFixture = "";

  @BeforeEach
  final void assumeSecondJvm() {
    assumeDeclared(Capability.PROCESS_SHARED, Capability.NAMED);
    Optional<String> child = testedFixture().childFixture();
    if (child.isEmpty()) {
      Skip.because("no second JVM can have this provider: its fixture names none");
    }
    peerFixture = child.orElseThrow();
  }

  @AfterEach
  final void endPeers() throws Exception {
    for (PeerJvm peer : peers) {
      peer.close();
    }
  }

  private PeerJvm peer() throws Exception {
    PeerJvm peer = PeerJvm.start(peerFixture, directory());
    peers.add(peer);
    return peer;
  }

  private PeerJvm member() throws Exception {
    PeerJvm peer = peer();
    peer.ask("join " + NAME);
    return peer;
  }

  private MemoryRegion create(long byteSize) throws MemoryException {
    return provider().allocate(request(byteSize));
  }

  private static RegionRequest request(long byteSize) {
    return RegionRequest.ofSize(byteSize).withName(NAME).withProcessShared(true);
  }

  private static long get(MemoryRegion region, long offset) {
    try (Access access = region.acquire()) {
      return SharedCounter.get(access.segment(), offset);
    }
  }

  private static void set(MemoryRegion region, long offset, long value) {
    try (Access access = region.acquire()) {
      SharedCounter.set(access.segment(), offset, value);
    }
  }

  private static RegionMembers members(MemoryRegion region) {
    return region.members().orElseThrow();
  }

  /** An attempt that is refused because the peer has the region open, which the message tells. */
  private void assertRefusedBeside(PeerJvm peer, Executable attempt) throws Exception {
    assertSays(assertRefused(attempt), Long.toString(peer.pid()));
  }

  @Test
  void countsOfTwoJvmsAreExact() throws Exception {
    assertCountsAreExact(1);
  }

  @Test
  void countsOfFourJvmsAreExact() throws Exception {
    assertCountsAreExact(3);
  }

  private void assertCountsAreExact(int others) throws Exception {
    long times = 100_000;
    try (MemoryRegion region = create(2 * PAGE)) {
      for (int i = 0; i < others; i++) {
        member();
      }
      for (PeerJvm peer : peers) {
        peer.tell("add " + PAGE + " " + times);
      }
      try (Access access = region.acquire()) {
        SharedCounter.add(access.segment(), PAGE, times);
      }
      for (PeerJvm peer : peers) {
        peer.answer("add");
      }
      assertEquals((others + 1) * times, get(region, PAGE));
      assertEquals((others + 1) * times, peers.getLast().askNumber("get " + PAGE));
    }
  }

  @Test
  void storesShowInTheOtherJvmAtOnce() throws Exception {
    try (MemoryRegion region = create(PAGE)) {
      PeerJvm peer = member();
      peer.tell("turn 8 2000");
      try (Access access = region.acquire()) {
        SharedCounter.takeTurns(access.segment(), 8, 0, 2000);
      }
      peer.answer("turn");
      assertEquals(2000, get(region, 8));
    }
  }

  @Test
  void aReaderSeesWhatOthersStore() throws Exception {
    assumeDeclared(Capability.READ_ONLY);
    try (MemoryRegion region = create(PAGE)) {
      PeerJvm reader = peer();
      reader.ask("join-reading " + NAME);
      set(region, 16, 71);
      assertEquals(71, reader.askNumber("get 16"));
      assertTrue(reader.askFailed("set 16 1").contains("read"));
      set(region, 16, 72);
      assertEquals(72, reader.askNumber("get 16"));
      assertRefusedBeside(reader, () -> region.rename("other"));
    }
    try (MemoryRegion here = provider().open(SHARED.readOnly())) {
      PeerJvm writer = member();
      writer.ask("set 16 73");
      assertEquals(73, get(here, 16));
      if (declares(Capability.FORCE)) {
        here.force();
      }
    }
  }

  @Test
  void whatMembersStoredIsThereForALaterOpener() throws Exception {
    PeerJvm first = peer();
    first.ask("create " + NAME + " " + 3 * PAGE);
    first.ask("set " + PAGE + " 31");
    PeerJvm second = member();
    second.ask("set " + 2 * PAGE + " 32");
    second.ask("force");
    first.ask("close");
    second.end();
    try (MemoryRegion region = provider().open(NAME)) {
      assertEquals(31, get(region, PAGE));
      assertEquals(32, get(region, 2 * PAGE));
      assertTrue(region.members().isEmpty());
      assertFalse(region.info().options().processShared());
    }
  }

  @Test
  void membersAreToldByNumberAndProcess() throws Exception {
    try (MemoryRegion region = create(PAGE)) {
      assertTrue(region.info().options().processShared());
      RegionMembers members = members(region);
      assertEquals(List.of(), members.processes());
      PeerJvm peer = member();
      int there = Integer.parseInt(peer.ask("self"));
      assertNotEquals(members.self(), there);
      assertTrue(members.isAlive(there));
      assertEquals("true", peer.ask("alive " + members.self()));
      assertEquals(List.of(peer.pid()), members.processes());
      StoredRegion listed = provider().stored().getFirst();
      assertSame(StoredRegion.State.OPEN, listed.state());
      assertTrue(listed.detail().contains("process-shared"), listed.detail());
      assertTrue(listed.detail().contains(Long.toString(peer.pid())), listed.detail());
      peer.ask("close");
      assertFalse(members.isAlive(there));
      assertEquals(List.of(), members.processes());
    }
    assertSame(StoredRegion.State.CLOSED, provider().stored().getFirst().state());
  }

  @Test
  void aKilledMemberLeavesTheRegionToTheOthers() throws Exception {
    try (MemoryRegion region = create(4 * PAGE)) {
      RegionMembers members = members(region);
      PeerJvm doomed = member();
      PeerJvm other = member();
      int number = Integer.parseInt(doomed.ask("self"));
      assertEquals("true", doomed.ask("hold work"));
      assertTrue(members.tryHold("work").isEmpty());
      doomed.tell("add 0 " + Long.MAX_VALUE);
      Await.until("it counts", () -> get(region, 0) > 0);
      doomed.kill();
      assertFalse(members.isAlive(number));
      assertEquals(List.of(other.pid()), members.processes());
      try (RegionMembers.Hold work = members.tryHold("work").orElseThrow()) {
        assertEquals("false", other.ask("hold work"), "held here: " + work);
      }
      long count = get(region, 0);
      assertEquals(count, other.askNumber("get 0"));
      other.ask("add 0 10");
      assertEquals(count + 10, get(region, 0));
      assertEquals(count + 10, member().askNumber("get 0"));
    }
  }

  @Test
  void aMemberKilledInTheMiddleOfGrowthLeavesTheRegionUsable() throws Exception {
    assumeDeclared(Capability.RESIZE);
    long step = 64 * PAGE;
    try (MemoryRegion region = create(PAGE)) {
      for (int round = 1; round <= 3; round++) {
        PeerJvm doomed = member();
        for (int i = 0; i < 200; i++) {
          doomed.tell("ensure " + (region.byteSize() + (i + 1) * step));
        }
        doomed.answer("the first ensure");
        doomed.kill();
        set(region, 0, round);
        region.resize(region.byteSize() + round * PAGE);
        set(region, region.byteSize() - 8, round);
        assertEquals(round, member().askNumber("get 0"));
      }
      peers.getLast().ask("ensure " + (region.byteSize() + 4 * PAGE));
    }
    endPeers();
    try (MemoryRegion region = provider().open(NAME)) {
      assertEquals(3, get(region, 0));
      region.resize(PAGE);
    }
  }

  @Test
  void growthIsTakenOverByOthersWhenTheyAskForIt() throws Exception {
    assumeDeclared(Capability.RESIZE);
    try (MemoryRegion region = create(PAGE)) {
      PeerJvm peer = member();
      peer.ask("ensure " + 5 * PAGE);
      peer.ask("set " + 4 * PAGE + " 41");
      assertEquals(PAGE, region.byteSize());
      long there = provider().statistics().openBytes();
      region.ensure(5 * PAGE);
      assertEquals(5 * PAGE, region.byteSize());
      assertEquals(there + 4 * PAGE, provider().statistics().openBytes());
      assertEquals(41, get(region, 4 * PAGE));
      region.resize(9 * PAGE + 1);
      set(region, 8 * PAGE, 42);
      assertEquals(5 * PAGE, peer.askNumber("size"));
      assertEquals(7 * PAGE, peer.askNumber("resize " + 7 * PAGE));
      assertEquals(9 * PAGE + 1, peer.askNumber("resize " + (9 * PAGE + 1)));
      assertEquals(42, peer.askNumber("get " + 8 * PAGE));
      assertEquals(9 * PAGE + 1, member().askNumber("size"));
    }
  }

  @Test
  void nothingThatOthersHaveAddedIsCutUnseen() throws Exception {
    assumeDeclared(Capability.RESIZE);
    try (MemoryRegion region = create(2 * PAGE)) {
      PeerJvm peer = member();
      peer.ask("ensure " + 5 * PAGE);
      peer.ask("set " + 4 * PAGE + " 43");
      peer.ask("close");
      MemoryException refused =
          assertThrows(MemoryException.class, () -> region.resize(PAGE), "shrinks unseen");
      assertTrue(
          String.valueOf(refused.getMessage()).contains("another process has made it"),
          refused::getMessage);
      region.ensure(5 * PAGE);
      assertEquals(43, get(region, 4 * PAGE));
      region.resize(PAGE);
      assertEquals(PAGE, region.byteSize());
    }
  }

  @Test
  void growthIntoAMaximumLeavesOtherSizesAsTheyAre() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    try (MemoryRegion region = provider().allocate(request(PAGE).withMaximum(64 * PAGE));
        MemoryRegion twice = provider().open(SHARED.withMaximum(32 * PAGE))) {
      PeerJvm peer = member();
      try (Access before = region.acquire()) {
        region.ensure(20 * PAGE);
        SharedCounter.set(before.segment(), 0, 5);
      }
      set(region, 19 * PAGE, 51);
      assertEquals(PAGE, twice.byteSize());
      twice.resize(20 * PAGE);
      assertEquals(51, get(twice, 19 * PAGE));
      assertEquals(20 * PAGE, peer.askNumber("resize " + 20 * PAGE));
      assertEquals(51, peer.askNumber("get " + 19 * PAGE));
    }
  }

  @Test
  void theLengthThatOneSetsIsTakenOverToo() throws Exception {
    assumeDeclared(Capability.RESIZE);
    try (MemoryRegion region = create(4 * PAGE)) {
      PeerJvm peer = member();
      assertEquals(100, peer.askNumber("use 100"));
      peer.ask("close");
      assertEquals(4 * PAGE, region.length());
      region.resize(5 * PAGE);
      assertEquals(100, region.length());
      region.setLength(3 * PAGE);
    }
    assertEquals(3 * PAGE, provider().stored().getFirst().length());
  }

  @Test
  void whatOthersWouldMissIsRefusedWhileTheyHaveItOpen() throws Exception {
    try (MemoryRegion region = create(8 * PAGE)) {
      set(region, 0, 61);
      PeerJvm peer = member();
      assertRefusedBeside(peer, () -> region.rename("other"));
      if (declares(Capability.RESIZE)) {
        assertRefusedBeside(peer, () -> region.resize(PAGE));
        assertTrue(peer.askRefused("resize " + PAGE).contains(ownPid()));
      }
      SnapshotRequest snapshot = SnapshotRequest.of("snapshot");
      assertRefusedBeside(peer, () -> region.snapshot(snapshot));
      assertRefused(() -> provider().delete(NAME));
      assertRefused(() -> provider().rename(NAME, "other", NameDurability.NOW, null));
      assertEquals(61, get(region, 0));
      assertEquals(61, peer.askNumber("get 0"));
      peer.ask("close");
      assertRefused(() -> provider().delete(NAME));
      region.snapshot(snapshot);
      if (declares(Capability.RESIZE)) {
        region.resize(PAGE);
      }
      region.rename("other");
      assertTrue(peer.askRefused("join " + NAME).contains("no such region"));
      peer.ask("join other");
      assertRefusedBeside(peer, () -> region.rename(NAME));
      assertEquals(61, peer.askNumber("get 0"));
    }
    PeerJvm last = peers.getLast();
    assertRefusedBeside(last, () -> provider().delete("other"));
    assertRefusedBeside(last, () -> provider().rename("other", NAME, NameDurability.NOW, null));
    last.ask("close");
    provider().rename("other", NAME, NameDurability.NOW, null);
    provider().delete(NAME);
  }

  private static String ownPid() {
    return Long.toString(ProcessHandle.current().pid());
  }

  @Test
  void spaceThatOthersRelyOnIsKept() throws Exception {
    assumeDeclared(Capability.PUNCH);
    try (MemoryRegion region = create(8 * PAGE)) {
      set(region, 2 * PAGE, 1);
      PeerJvm peer = member();
      assertRefusedBeside(peer, () -> region.punch(0, 4 * PAGE, Punch.RELEASE));
      assertEquals(1, peer.askNumber("get " + 2 * PAGE));
      region.reserve(0, 8 * PAGE);
      peer.ask("close");
      region.punch(0, 4 * PAGE, Punch.RELEASE);
      peer.ask("join " + NAME);
      assertEquals(0, peer.askNumber("get " + 2 * PAGE));
      peer.ask("set " + 2 * PAGE + " 2");
      region.reserve(0, 8 * PAGE);
      assertSame(Reservation.RESERVED, region.info().reservation());
      assertEquals(2, get(region, 2 * PAGE));
    }
  }

  @Test
  void openersThatShareWithNobodyAndMembersExcludeEachOther() throws Exception {
    create(PAGE).close();
    PeerJvm peer = member();
    MemoryException refusal = assertRefused(() -> provider().open(NAME));
    assertSays(refusal, "process-shared");
    assertSays(refusal, Long.toString(peer.pid()));
    if (declares(Capability.READ_ONLY)) {
      assertSays(assertRefused(() -> provider().open(OpenRequest.of(NAME).readOnly())), "shared");
    }
    peer.ask("close");
    try (MemoryRegion alone = provider().open(NAME)) {
      set(alone, 0, 1);
      assertTrue(peer.askRefused("join " + NAME).contains("not process-shared"));
      assertSays(assertRefused(() -> provider().open(SHARED)), "not process-shared");
    }
    peer.ask("join " + NAME);
    try (MemoryRegion here = provider().open(SHARED)) {
      assertSays(assertRefused(() -> provider().open(NAME)), "process-shared");
      assertEquals(1, get(here, 0));
    }
    peer.ask("close");
    peer.ask("open " + NAME);
    assertRefused(() -> provider().open(SHARED));
  }

  @Test
  void openersInOneJvmAreOneMember() throws Exception {
    try (MemoryRegion first = create(2 * PAGE)) {
      PeerJvm peer = member();
      MemoryRegion second = provider().open(SHARED);
      assertEquals(members(first).self(), members(second).self());
      set(second, 0, 11);
      assertEquals(11, get(first, 0));
      second.close();
      assertEquals("true", peer.ask("alive " + members(first).self()));
      assertFalse(peer.askRefused("open " + NAME).isEmpty());
      peer.ask("close");
      try (MemoryRegion third = provider().open(SHARED)) {
        assertTrue(members(first).tryExclude().isEmpty());
        assertRefused(() -> first.rename("other"));
        set(third, 8, 12);
      }
      assertEquals(12, get(first, 8));
      try (RegionMembers.Hold alone = members(first).tryExclude().orElseThrow()) {
        assertRefused(() -> provider().open(SHARED));
        assertTrue(peer.askRefused("join " + NAME).contains("try again"), "excluded by " + alone);
      }
      peer.ask("join " + NAME);
    }
  }

  @Test
  void oneProcessHasANamedLockAtATime() throws Exception {
    PeerJvm peer;
    try (MemoryRegion region = create(PAGE)) {
      peer = member();
      RegionMembers.Hold here = members(region).tryHold("work").orElseThrow();
      assertEquals("false", peer.ask("hold work"));
      assertEquals("true", peer.ask("hold rest"));
      here.close();
      assertEquals("true", peer.ask("hold work"));
      assertTrue(members(region).tryHold("work").isEmpty());
      peer.ask("end work");
      assertTrue(members(region).tryHold("work").isPresent());
      assertEquals("false", peer.ask("exclude"));
    }
    assertEquals("true", peer.ask("exclude"));
    assertRefused(() -> provider().open(SHARED));
    peer.ask("end");
    provider().open(SHARED).close();
  }

  @Test
  void forcesAndNamesThatAreForcedLaterGoWithIt() throws Exception {
    assumeDeclared(Capability.FORCE);
    RegionRequest later = request(PAGE).withNameDurability(NameDurability.ON_FORCE);
    try (MemoryRegion region = provider().allocate(later)) {
      PeerJvm peer = member();
      peer.ask("set 0 21");
      region.force();
      if (declares(Capability.RESIZE)) {
        region.resize(3 * PAGE);
      }
      peer.ask("force");
      provider().forceNames();
      region.setLength(7);
      region.force();
      assertEquals(7, provider().stored().getFirst().length());
    }
    provider().forceNames();
  }

  @Test
  void checkpointedRegionsAreOfOneProcess() throws Exception {
    assumeDeclared(Capability.CHECKPOINT);
    provider()
        .allocate(RegionRequest.ofSize(PAGE).withName(NAME).withDurability(Durability.CHECKPOINT))
        .close();
    assertSays(assertRefused(() -> provider().open(SHARED)), "checkpoint");
    assertTrue(peer().askRefused("join " + NAME).contains("checkpoint"));
    provider().open(OpenRequest.of(NAME).withDurability(Durability.CHECKPOINT)).close();
  }
}
