/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Set;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
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
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The shell needs no heaps; its commands for them come and go with their bundle. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class WithoutHeapIT {
  private static final String HEAP = "dmalloc-heap.jar";

  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  private ShellSession shell;

  @Configuration
  public Option[] framework() {
    return Framework.felixWithout(Set.of(HEAP, "dmalloc-measure.jar", "dmalloc-shell-measure.jar"));
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

  private void assertMissing() throws Exception {
    assertTrue(shell.run("help heap").contains("start the bundle org.dmalloc.heap"));
    Exception missing = assertThrows(Exception.class, () -> shell.run("heap list"));
    assertTrue(missing.getMessage().contains("start the bundle org.dmalloc.heap"));
  }

  @Test
  void commandsForHeapsComeAndGoWithTheirBundle() throws Exception {
    assertMissing();
    String id = shell.region("alloc 1m -b anon");
    Bundle bundle =
        context.installBundle(
            Path.of(System.getProperty(Framework.BUNDLES), HEAP).toUri().toString());
    try {
      bundle.start();
      assertEquals("no heap is open", shell.run("heap list"));
      assertTrue(shell.run("heap create " + id).contains("made"));
      assertTrue(shell.run("heap alloc " + id + " 100").contains("usable 112"));
      bundle.stop();
      assertMissing();
      assertTrue(shell.run("regions").contains("anon"), "the region stays");
      bundle.start();
      String opened = shell.run("heap open " + id);
      assertFalse(opened.contains("not closed cleanly"), opened);
      String listed = shell.run("heap list");
      assertTrue(listed.lines().toList().getLast().contains(" yes "), listed);
      shell.run("free " + id);
      assertEquals("no heap is open", shell.run("heap list"));
    } finally {
      bundle.uninstall();
    }
  }
}
