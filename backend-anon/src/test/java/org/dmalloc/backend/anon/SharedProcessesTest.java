/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.backend.anon.SharingChild.Act;
import org.dmalloc.testkit.DoomedJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memfds in several JVMs. */
@Timeout(600)
class SharedProcessesTest {
  private static final long MIB = 1L << 20;
  private static final RegionRequest SHARED =
      RegionRequest.ofSize(MIB).withProcessShared(true).withOwner("shared");

  @TempDir private Path directory;
  private final AnonymousProvider provider = SourceFixture.start(MemorySource.MEMFD);

  private SharingChild child(Act act, String token, long number) throws Exception {
    return SharingChild.start(directory, act, token, number);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void severalCountExactly(int processes) throws Exception {
    long each = 300_000;
    List<DoomedJvm> jvms = new ArrayList<>();
    try (MemoryRegion region = provider.allocate(SHARED)) {
      List<SharingChild> children = new ArrayList<>();
      for (int i = 1; i < processes; i++) {
        SharingChild child = child(Act.COUNT, region.token(), each);
        jvms.add(child.jvm());
        children.add(child);
      }
      SharingChild.add(region, each);
      for (SharingChild child : children) {
        assertEquals("done", child.await());
      }
      assertEquals(processes * each, SharingChild.count(region));
      assertEquals(processes - 1, region.members().orElseThrow().processes().size());
    } finally {
      jvms.forEach(DoomedJvm::close);
    }
  }

  @Test
  void theMemoryOutlivesTheProcessThatMadeIt() throws Exception {
    SharingChild maker = child(Act.MAKE, "", MIB);
    String token;
    MemoryRegion region;
    try (DoomedJvm jvm = maker.jvm()) {
      token = maker.await();
      region = provider.attach(token, RegionOptions.DEFAULT);
      SharingChild.check(region, 0);
      assertEquals(1, region.members().orElseThrow().processes().size(), jvm.toString());
    }
    try (region) {
      SharingChild.check(region, 0);
      RegionMembers members = region.members().orElseThrow();
      assertEquals(List.of(), members.processes());
      members.tryExclude().orElseThrow().close();
      MemoryException gone =
          assertThrows(
              MemoryException.class, () -> provider.attach(token, RegionOptions.DEFAULT).close());
      assertTrue(
          gone.getMessage()
              .endsWith(
                  ": there is no such process any more; get another token where the region is"
                      + " open"),
          gone.getMessage());
      SharingChild other = child(Act.COUNT, region.token(), 5);
      try (DoomedJvm jvm = other.jvm()) {
        assertEquals("done", other.await(), jvm.toString());
        assertEquals(5, SharingChild.count(region));
      }
    }
  }

  @Test
  void whoIsThereIsKnownAndKeepsOthersFromGoingAlone() throws Exception {
    try (MemoryRegion region = provider.allocate(SHARED)) {
      RegionMembers members = region.members().orElseThrow();
      SharingChild child = child(Act.HOLD, region.token(), 0);
      int number;
      try (DoomedJvm jvm = child.jvm()) {
        String[] told = child.await().split(" ", -1);
        number = Integer.parseInt(told[1]);
        assertEquals(List.of(Long.parseLong(told[0])), members.processes(), jvm.toString());
        assertTrue(members.isAlive(number));
        assertTrue(members.tryExclude().isEmpty());
        MemoryException refusal =
            assertThrows(
                MemoryException.class, () -> region.snapshot(SnapshotRequest.of("moment")));
        assertTrue(refusal.getMessage().contains("process " + told[0]), refusal.getMessage());
      }
      assertFalse(members.isAlive(number));
      members.tryExclude().orElseThrow().close();
    }
  }

  @Test
  void whatAnotherProcessGrowsIsThere() throws Exception {
    RegionRequest growing = SHARED.withMaximum(16 * MIB).withByteSize(MIB + 8);
    try (MemoryRegion region = provider.allocate(growing)) {
      SharingChild child = child(Act.GROW, region.token(), 8 * MIB);
      try (DoomedJvm jvm = child.jvm()) {
        assertEquals("done", child.await(), jvm.toString());
        assertEquals(MIB + 8, region.byteSize());
        assertEquals(8 * MIB, region.ensure(8 * MIB));
        SharingChild.check(region, MIB + 8);
        region.resize(16 * MIB);
      }
    }
  }

  /** Each lengthens a file that another has lengthened since it looked, and cuts nothing. */
  @Test
  void growthBesideOthersNeverCuts() throws Exception {
    RegionRequest growing = SHARED.withByteSize(0).withMaximum(256 * MIB);
    RegionOptions far = RegionOptions.DEFAULT.withMaximum(256 * MIB);
    try (MemoryRegion region = provider.allocate(growing);
        MemoryRegion other = provider.attach(region.token(), far)) {
      Thread beside =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      grow(other, 4096);
                    } catch (MemoryException e) {
                      throw new AssertionError(e);
                    }
                  });
      grow(region, 8192);
      beside.join();
      assertEquals(20_000 * 4096, other.byteSize(), "it ended before its time");
      assertEquals(20_000 * 4096, region.byteSize());
    }
  }

  private static void grow(MemoryRegion region, long step) throws MemoryException {
    for (long size = step; size <= 20_000 * 4096; size += step) {
      region.resize(size);
    }
  }
}
