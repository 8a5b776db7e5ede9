/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import javax.inject.Inject;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A backend's bundle stops while a region is open: the region stays, the provider refuses. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class BundleStopIT {
  @Inject private BundleContext context;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @Test
  void openRegionsOutliveTheirBackend() throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    for (String backend : Backends.PIDS.keySet()) {
      MemoryProvider provider = providers.await(backend);
      Bundle bundle = providers.references(backend).getFirst().getBundle();
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(100_000));
      MemorySegment raw = region.segment();
      raw.fill((byte) 1);
      bundle.stop();
      try {
        assertEquals(List.of(), providers.references(backend), "withdrawn");
        assertThrows(IllegalStateException.class, () -> provider.allocate(RegionRequest.ofSize(1)));
        assertTrue(region.info().open());
        try (Access access = region.acquire()) {
          assertEquals(1, access.segment().get(JAVA_BYTE, 99_999));
          access.segment().fill((byte) 2);
        }
        assertEquals(2, raw.get(JAVA_BYTE, 50_000));
        region.close();
        assertFalse(region.info().open());
        assertThrows(IllegalStateException.class, () -> raw.get(JAVA_BYTE, 0));
      } finally {
        bundle.start();
      }
      try (MemoryRegion again = providers.await(backend).allocate(RegionRequest.ofSize(10));
          Access access = again.acquire()) {
        assertEquals(0, access.segment().get(JAVA_BYTE, 9));
      }
    }
  }
}
