/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.dmalloc.itests.exam.PaxExam;
import org.dmalloc.shared.SharedMemoryService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** The service of locks, and the command that comes and goes with it. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class LocksIT {
  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  private ShellSession shell;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @BeforeEach
  void openSession() throws Exception {
    new ConfiguredProviders(context).await("anon");
    shell = new ShellSession(gogo);
  }

  @AfterEach
  void closeSession() {
    shell.close();
  }

  @Test
  void theServiceAndItsCommandComeAndGoWithTheBundle() throws Exception {
    assertRefusesARegionOfItsOwn();
    Bundle bundle =
        Arrays.stream(context.getBundles())
            .filter(each -> "org.dmalloc.shared".equals(each.getSymbolicName()))
            .findFirst()
            .orElseThrow();
    bundle.stop();
    assertNull(context.getServiceReference(SharedMemoryService.class));
    assertThrows(Exception.class, () -> shell.run("locks 1"));
    bundle.start();
    assertRefusesARegionOfItsOwn();
  }

  /** A region that no other process has cannot say who lives. */
  private void assertRefusesARegionOfItsOwn() throws Exception {
    ServiceReference<SharedMemoryService> reference =
        context.getServiceReference(SharedMemoryService.class);
    assertNotNull(reference);
    assertEquals("org.dmalloc.shared", reference.getBundle().getSymbolicName());
    String id = shell.region("alloc 64k -b anon");
    Exception refused = assertThrows(Exception.class, () -> shell.run("locks " + id));
    assertTrue(refused.getMessage().contains("process-shared"), refused.getMessage());
    shell.run("free " + id);
  }
}
