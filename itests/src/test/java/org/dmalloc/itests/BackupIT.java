/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
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

/** Backups by the commands, over the end of regions and of the bundle that keeps them. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class BackupIT {
  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  @TempDir private Path directory;
  private ShellSession shell;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
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

  private String start(String region) throws Exception {
    return shell.run("read " + region + " 0 5").replaceFirst(".*\\|(.*)\\|", "$1");
  }

  private void write(String region, String text) throws Exception {
    shell.run("write " + region + " 0 " + text);
    shell.run("write " + region + " 1m " + text);
    shell.run("checkpoint " + region);
  }

  private void awaitKept(String expected) throws Exception {
    ConfiguredProviders.until(() -> expected, () -> shell.run("backup status").contains(expected));
  }

  @Test
  void aRegionIsRestoredAfterItsEndAndThatOfTheBundle() throws Exception {
    String store = directory.resolve("store").toString();
    shell.run("alloc 2m -n kept --checkpoint -b panama");
    shell.run("backup start kept --to " + store);
    write("kept", "first");
    write("kept", "other");
    awaitKept("keeping  2, ");

    Bundle bundle =
        Arrays.stream(context.getBundles())
            .filter(each -> "org.dmalloc.backup".equals(each.getSymbolicName()))
            .findFirst()
            .orElseThrow();
    bundle.stop();
    write("kept", "third"); // the journal has it when the backup goes on
    bundle.start();
    ConfiguredProviders.until(
        () -> "the commands", () -> shell.run("help backup").contains("status"));
    assertTrue(shell.run("backup start kept").contains("is backed up to " + store));
    awaitKept("keeping  3, ");
    shell.run("write kept 0 final");
    shell.run("free kept");
    awaitKept("ended  4, ");
    shell.run("backup stop kept");

    shell.run("delete kept");
    String[] contents = {"first", "other", "third", "final"};
    for (int i = 0; i < contents.length; i++) {
      String name = "restored" + (i + 1);
      shell.run("restore kept " + (i + 1) + " --from " + store + " --as " + name);
      assertEquals(contents[i], start(name));
    }
    shell.run("restore kept --from " + store);
    assertEquals("final", start("kept"));
    assertTrue(shell.run("backup verify " + store).contains("4 checkpoints"));
    shell.run("delete kept restored1 restored2 restored3 restored4");
  }
}
