/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

/** The commands for memory need nothing that measures; those that measure come and go. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class WithoutMeasuringIT {
  private static final List<String> MEASURING =
      List.of("HdrHistogram.jar", "dmalloc-measure.jar", "dmalloc-shell-measure.jar");

  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  private ShellSession shell;

  @Configuration
  public Option[] framework() {
    return Framework.felixWithout(Set.copyOf(MEASURING));
  }

  @BeforeEach
  void openSession() throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    for (String backend : List.of("managed", "filechannel", "anon")) {
      providers.await(backend);
    }
    shell = new ShellSession(gogo);
  }

  @AfterEach
  void closeSession() {
    shell.close();
  }

  @Test
  void memoryIsAllocatedUsedAndMoved() throws Exception {
    assertTrue(
        Arrays.stream(context.getBundles())
            .map(bundle -> String.valueOf(bundle.getSymbolicName()))
            .noneMatch(name -> name.endsWith(".measure")));
    String id = shell.region("alloc 64k -b managed");
    shell.run("write " + id + " 4000 'hello over the page'");
    assertTrue(shell.run("hotswap " + id + " filechannel").contains("filechannel"));
    assertTrue(shell.run("read " + id + " 4000 19").contains("hello over"));
    assertTrue(shell.run("regions --json").strip().startsWith("["));
    shell.run("free " + id);
    assertFalse(shell.run("help").contains("  bench "));
    assertThrows(Exception.class, () -> shell.run("bench --help"));
  }

  @Test
  void commandsThatMeasureComeAndGoWithTheirBundle() throws Exception {
    List<Bundle> installed = new ArrayList<>();
    try {
      for (String jar : MEASURING) {
        installed.add(
            context.installBundle(
                Path.of(System.getProperty(Framework.BUNDLES), jar).toUri().toString()));
      }
      for (Bundle bundle : installed) {
        bundle.start();
      }
      String help = shell.run("help");
      for (String command :
          List.of("load", "bench", "hotswapbench", "compare", "chaos", "doctor")) {
        assertTrue(help.contains("  " + command + " "), help);
        assertTrue(shell.run(command + " --help").startsWith(command + " – "));
      }
      String id = shell.region("alloc 64k -b anon");
      assertTrue(shell.run("load " + id + " --rate 1000").contains("1000 pages/s"));
      installed.getLast().stop();
      assertFalse(shell.run("help").contains("  bench "));
      shell.run("free " + id);
      installed.getLast().start();
      assertEquals("no region is written to; see 'load --help'", shell.run("load"));
    } finally {
      for (Bundle bundle : installed.reversed()) {
        bundle.uninstall();
      }
    }
  }
}
