/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import javax.inject.Inject;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;

/**
 * Both file backends on one directory: each opens what the other stored, and neither takes what the
 * other has open.
 */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class SharedStoreIT {
  @Inject private BundleContext context;
  private Configuration panamaConfiguration;
  private Configuration channelConfiguration;
  private MemoryProvider panama;
  private MemoryProvider channel;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @BeforeEach
  void configure(@TempDir Path directory) throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    panamaConfiguration =
        providers.create(
            Backends.PIDS.get("panama"),
            MemoryProvider.BACKEND,
            "by-panama",
            "directory",
            directory.toString());
    channelConfiguration =
        providers.create(
            Backends.PIDS.get("filechannel"),
            MemoryProvider.BACKEND,
            "by-channel",
            "directory",
            directory.toString());
    panama = providers.await("by-panama");
    channel = providers.await("by-channel");
  }

  @AfterEach
  void unconfigure() throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    providers.delete(panamaConfiguration);
    providers.delete(channelConfiguration);
  }

  private static byte[] bytes(long seed, int count) {
    byte[] bytes = new byte[count];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private static void write(MemoryRegion region, byte[] bytes) {
    try (Access access = region.acquire()) {
      access.segment().copyFrom(MemorySegment.ofArray(bytes));
    }
  }

  private static void check(MemoryRegion region, byte[] bytes) {
    try (Access access = region.acquire()) {
      assertEquals(bytes.length, region.byteSize());
      assertEquals(-1, access.segment().mismatch(MemorySegment.ofArray(bytes)), "first difference");
    }
  }

  @Test
  void eachOpensWhatTheOtherStored() throws Exception {
    for (List<MemoryProvider> pair : List.of(List.of(panama, channel), List.of(channel, panama))) {
      MemoryProvider writer = pair.getFirst();
      MemoryProvider reader = pair.getLast();
      String name = "from " + writer.name();
      byte[] first = bytes(1, 300_001);
      try (MemoryRegion region =
          writer.allocate(RegionRequest.ofSize(first.length).withName(name))) {
        write(region, first);
      }
      byte[] second = bytes(2, first.length);
      try (MemoryRegion region = reader.open(name)) {
        check(region, first);
        write(region, second);
        region.force();
      }
      try (MemoryRegion region = writer.open(name)) {
        check(region, second);
      }
      try (MemoryRegion copy = reader.open(OpenRequest.of(name).withSharing(Sharing.PRIVATE))) {
        write(copy, first);
        check(copy, first);
      }
      try (MemoryRegion region = writer.open(OpenRequest.of(name).readOnly())) {
        check(region, second);
      }
      assertEquals(names(panama), names(channel));
      reader.delete(name);
      assertEquals(List.of(), writer.stored());
    }
  }

  private static List<String> names(MemoryProvider provider) throws MemoryException {
    return provider.stored().stream().map(StoredRegion::name).toList();
  }

  @Test
  void neitherTakesWhatTheOtherHasOpen() throws Exception {
    for (List<MemoryProvider> pair : List.of(List.of(panama, channel), List.of(channel, panama))) {
      MemoryProvider holder = pair.getFirst();
      MemoryProvider other = pair.getLast();
      String name = "held by " + holder.name();
      byte[] content = bytes(3, 10_000);
      try (MemoryRegion region =
          holder.allocate(RegionRequest.ofSize(content.length).withName(name))) {
        write(region, content);
        // Twice: a refused open must not undo the holder's lock, nor must a listing.
        for (int attempt = 0; attempt < 2; attempt++) {
          assertThrows(MemoryException.class, () -> other.open(name));
          assertThrows(MemoryException.class, () -> other.delete(name));
          assertEquals(StoredRegion.State.OPEN, other.stored().getFirst().state());
        }
        check(region, content);
      }
      other.open(name).close();
      other.delete(name);
    }
  }

  @Test
  void whatIsOpenForReadingForcesWhatOthersStored() throws Exception {
    for (MemoryProvider reader : List.of(panama, channel)) {
      byte[] content = bytes(5, 4 << 20);
      String name = "forced by " + reader.name();
      try (MemoryRegion region =
          panama.allocate(RegionRequest.ofSize(content.length).withName(name))) {
        write(region, content);
        assumeTrue(region.residency().dirtyBytes() > 0, "the kernel does not tell, or was quick");
      }
      try (MemoryRegion region = reader.open(OpenRequest.of(name).readOnly())) {
        region.force();
      }
      try (MemoryRegion region = panama.open(OpenRequest.of(name).readOnly())) {
        assertEquals(0, region.residency().dirtyBytes(), reader.name());
      }
    }
  }

  @Test
  void resizeByPanamaIsSeenByFilechannel() throws Exception {
    byte[] content = bytes(4, 5_000);
    try (MemoryRegion region =
        panama.allocate(RegionRequest.ofSize(content.length).withName("grown"))) {
      write(region, content);
      region.resize(100_000);
    }
    try (MemoryRegion region = channel.open("grown");
        Access access = region.acquire()) {
      assertEquals(100_000, region.byteSize());
      assertEquals(
          content.length, access.segment().mismatch(MemorySegment.ofArray(content)), "then zero");
      assertEquals(
          -1,
          access
              .segment()
              .asSlice(content.length)
              .mismatch(MemorySegment.ofArray(new byte[100_000 - content.length])));
    }
  }
}
