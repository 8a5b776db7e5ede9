/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
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

/** The shell needs no backups; its commands for them come and go with their bundle. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class WithoutBackupIT {
  private static final String BACKUP = "dmalloc-backup.jar";

  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  private ShellSession shell;

  @Configuration
  public Option[] framework() {
    return Framework.felixWithout(Set.of(BACKUP));
  }

  @BeforeEach
  void openSession() throws Exception {
    new ConfiguredProviders(context).await("panama");
    shell = new ShellSession(gogo);
  }

  @AfterEach
  void closeSession() {
    shell.close();
  }

  private void assertMissing() throws Exception {
    assertTrue(shell.run("help backup").contains("start the bundle org.dmalloc.backup"));
    Exception missing = assertThrows(Exception.class, () -> shell.run("backup status"));
    assertTrue(missing.getMessage().contains("start the bundle org.dmalloc.backup"));
    assertThrows(Exception.class, () -> shell.run("backups"));
  }

  @Test
  void commandsForBackupsComeAndGoWithTheirBundle() throws Exception {
    assertMissing();
    Bundle bundle =
        context.installBundle(
            Path.of(System.getProperty(Framework.BUNDLES), BACKUP).toUri().toString());
    try {
      bundle.start();
      String nothing = "no backup goes on here; 'backup start' begins one";
      assertEquals(nothing, shell.run("backup status"));
      assertEquals("no copy follows a backup here; see 'follow --help'", shell.run("follow"));
      bundle.stop();
      assertMissing();
      bundle.start();
      assertEquals(nothing, shell.run("backup status"));
    } finally {
      bundle.uninstall();
    }
    assertMissing();
  }
}
