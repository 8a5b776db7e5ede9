/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.inject.Inject;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/** A store in a bucket, with credentials by Configuration Admin, whose bundle comes and goes. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class BackupS3IT {
  private static final String NAME = "org.dmalloc.backup.s3";
  private static final String ADDRESS = "s3://" + ObjectService.BUCKET + "/container";
  private static final Duration DEADLINE = Duration.ofSeconds(30);

  @TempDir private Path directory;

  @Inject private BundleContext context;
  @Inject private BackupService backups;
  @Inject private ServiceComponentRuntime components;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  private Bundle bundle() {
    return Arrays.stream(context.getBundles())
        .filter(each -> NAME.equals(each.getSymbolicName()))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aRegionIsKeptAndRestoredUntilTheBundleStops() throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    MemoryProvider panama = providers.await("panama");
    assumeTrue(
        panama.capabilities().contains(Capability.CHECKPOINT),
        "the kernel grants no userfaultfd, which checkpoints need");
    try (ObjectService service = ObjectService.start(directory)) {
      org.osgi.service.cm.Configuration access =
          providers.create(
              NAME,
              "endpoint",
              service.endpoint(),
              "bucket",
              ObjectService.BUCKET,
              "access.key.id",
              ObjectService.ACCESS_KEY_ID,
              "secret.access.key",
              ObjectService.SECRET_ACCESS_KEY);
      BackupStore store = backups.open(ADDRESS);
      assertEquals(ADDRESS, store.location());
      keepAndRestore(panama, store);
      assertNoListingHasTheKeys();

      Bundle bundle = bundle();
      bundle.stop();
      MemoryException closed = assertThrows(MemoryException.class, () -> store.list(""));
      assertTrue(String.valueOf(closed.getMessage()).contains("the store is closed"));
      store.close();
      IllegalArgumentException gone =
          assertThrows(IllegalArgumentException.class, () -> backups.open(ADDRESS));
      assertTrue(String.valueOf(gone.getMessage()).contains("nobody here opens s3:"));
      bundle.start();
      try (BackupStore again = backups.open(ADDRESS)) {
        assertEquals(1, backups.list(again).size());
      }
      access.update(
          ConfiguredProviders.dictionary(
              "bucket", ObjectService.BUCKET, "access.key.id", ObjectService.ACCESS_KEY_ID));
      IllegalArgumentException bad =
          assertThrows(IllegalArgumentException.class, () -> backups.open(ADDRESS));
      String message = String.valueOf(bad.getMessage());
      assertTrue(message.contains(access.getPid() + ": secret.access.key"), message);
      access.delete();
    }
  }

  private void keepAndRestore(MemoryProvider panama, BackupStore store) throws Exception {
    RegionRequest request =
        RegionRequest.ofSize(1 << 20).withName("orders").withDurability(Durability.CHECKPOINT);
    try (MemoryRegion region = panama.allocate(request);
        Backup backup = backups.keep(region, store, RetentionPolicy.EVERYTHING)) {
      try (Access section = region.acquire()) {
        section.segment().set(ValueLayout.JAVA_LONG, 8192, 42);
      }
      assertTrue(backup.await(region.checkpoint(), DEADLINE), () -> backup.status().toString());
      RestoreRequest copy =
          RestoreRequest.of(backup.id()).withNames(Map.of("orders", "orders restored"));
      try (MemoryRegion restored =
              backups.restore(store, copy, panama, ProgressListener.NONE).getFirst();
          Access section = restored.acquire()) {
        assertEquals(42, section.segment().get(ValueLayout.JAVA_LONG, 8192));
      }
    }
    panama.delete("orders restored");
    panama.delete("orders");
  }

  private void assertNoListingHasTheKeys() throws Exception {
    List<String> texts = new ArrayList<>();
    for (ServiceReference<?> each : context.getAllServiceReferences(null, null)) {
      texts.add(each.getProperties().toString());
    }
    for (ComponentDescriptionDTO each : components.getComponentDescriptionDTOs()) {
      for (ComponentConfigurationDTO configured : components.getComponentConfigurationDTOs(each)) {
        texts.add(configured.properties.toString());
      }
    }
    assertTrue(texts.size() > 20, texts.toString());
    for (String text : texts) {
      assertFalse(text.contains(ObjectService.ACCESS_KEY_ID), text);
      assertFalse(text.contains(ObjectService.SECRET_ACCESS_KEY), text);
    }
  }
}
