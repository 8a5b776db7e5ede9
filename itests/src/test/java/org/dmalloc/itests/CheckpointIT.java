/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;

/** Checkpoints by the commands and by the service, of one region. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class CheckpointIT {
  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  private ShellSession shell;
  private MemoryProvider panama;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @BeforeEach
  void openSession() throws Exception {
    panama = new ConfiguredProviders(context).await("panama");
    shell = new ShellSession(gogo);
  }

  @AfterEach
  void closeSession() {
    shell.close();
  }

  private String start(String region) throws Exception {
    return shell.run("read " + region + " 0 5").replaceFirst(".*\\|(.*)\\|", "$1");
  }

  @Test
  void aGroupIsCheckpointedTakenBackAndOpenedAgain() throws Exception {
    shell.run("alloc 1m -n orders --checkpoint --group shop --discard-on-close");
    shell.run("alloc 1m -n invoices --checkpoint --group shop");
    shell.run("write orders 0 first");
    shell.run("write invoices 0 first");
    String made = shell.run("checkpoint orders invoices");
    assertEquals(2, made.lines().count(), made);
    assertTrue(made.contains("invoices,orders"), made);
    shell.run("write orders 0 later");
    shell.run("write invoices 0 later");
    assertEquals("later", start("orders"));
    shell.run("discard invoices --yes");
    assertEquals("first", start("orders"));
    shell.run("write orders 0 third");
    shell.run("free orders invoices");
    assertEquals("first", start("orders"), "closing discarded what was stored since");
    shell.run("open orders");
    MemoryRegion orders =
        panama.regions().stream()
            .filter(region -> "orders".equals(region.info().name()))
            .findFirst()
            .orElseThrow();
    CheckpointGroup group = orders.checkpoints();
    assertEquals("shop", group.name());
    long before = group.status().number();
    shell.run("write orders 0 again");
    assertEquals(before + 1, orders.checkpoint());
    assertTrue(shell.run("checkpoints").contains(before + 1 + ", "), shell.run("checkpoints"));
    assertThrows(Exception.class, () -> shell.run("flush orders"));
    shell.run("free orders");
    assertEquals("again", start("orders"));
    shell.run("delete orders invoices");
    assertEquals("no checkpointed region is open", shell.run("checkpoints"));
  }
}
