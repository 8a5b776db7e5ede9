/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Set;
import javax.inject.Inject;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
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

/** Regions move in a framework that does not even have the classes of EventAdmin. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class WithoutEventAdminIT {
  @Inject private BundleContext context;

  @Configuration
  public Option[] framework() {
    return Framework.felixWithout(Set.of("org.apache.felix.eventadmin.jar"));
  }

  @Test
  void regionsMove() throws Exception {
    assertTrue(
        Arrays.stream(context.getBundles())
            .map(Bundle::getSymbolicName)
            .noneMatch("org.apache.felix.eventadmin"::equals));
    ConfiguredProviders providers = new ConfiguredProviders(context);
    MemoryProvider managed = providers.await("managed");
    try (MemoryRegion region = managed.allocate(RegionRequest.ofSize(1 << 20))) {
      assertEquals("anon", providers.move(region, "anon", ProgressListener.NONE).to());
    }
  }
}
