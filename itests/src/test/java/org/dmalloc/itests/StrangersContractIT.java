/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.ops4j.pax.exam.CoreOptions.bundle;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.itests.exam.PaxExam;
import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/** A backend of somebody else's, on what backends share, keeps the contract, and regions move. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class StrangersContractIT extends MemoryProviderContract {
  @Configuration
  public Option[] framework() {
    return Framework.felix(bundle(StrangersBundle.jar().toUri().toString()));
  }

  @Override
  protected ProviderFixture fixture() {
    return new ProviderFixture() {
      @Override
      public MemoryProvider start(ProviderSettings settings) throws Exception {
        Class<?> type = ConfiguredProviders.here().await("arena").getClass();
        Map<String, Object> properties =
            Map.of(
                "alignment",
                4096L,
                "limit",
                settings.limitBytes(),
                "timeout",
                settings.sectionTimeout().toNanos());
        return (MemoryProvider) type.getConstructor(Map.class).newInstance(properties);
      }

      @Override
      public void stop(MemoryProvider provider) throws Exception {
        provider.getClass().getMethod("stop").invoke(provider);
      }

      @Override
      public Optional<String> childFixture() {
        return Optional.empty();
      }
    };
  }

  @Test
  void regionsMoveToAndFromIt() throws Exception {
    ConfiguredProviders providers = ConfiguredProviders.here();
    providers.await("arena");
    try (MemoryRegion region =
        providers.await("managed").allocate(RegionRequest.ofSize(1_000_001))) {
      byte value = 1;
      for (String backend : List.of("arena", "anon-memfd", "arena", "filechannel", "arena")) {
        try (Access access = region.acquire()) {
          access.segment().fill(++value);
        }
        assertEquals(backend, providers.move(region, backend, ProgressListener.NONE).to());
        try (Access access = region.acquire()) {
          assertEquals(value, access.segment().get(JAVA_BYTE, 0));
          assertEquals(value, access.segment().get(JAVA_BYTE, 1_000_000));
        }
      }
    }
    assertEquals(0, providers.await("arena").statistics().openRegions());
  }

  @Test
  void itsRegionsAreOfTheClassOfAllOthers() throws Exception {
    ConfiguredProviders providers = ConfiguredProviders.here();
    try (MemoryRegion own = providers.await("arena").allocate(RegionRequest.ofSize(10));
        MemoryRegion other = providers.await("panama").allocate(RegionRequest.ofSize(10))) {
      assertSame(other.getClass(), own.getClass());
      assertNotSame(own.getClass().getClassLoader(), getClass().getClassLoader());
    }
  }
}
