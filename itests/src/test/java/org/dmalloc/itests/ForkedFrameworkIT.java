/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;
import static org.ops4j.pax.exam.CoreOptions.vmOption;

import java.nio.file.Files;
import java.nio.file.Path;
import javax.inject.Inject;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.forked.ForkedTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;

/** A framework in a JVM of its own, where nothing of Maven's class path can help. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(ForkedTestContainerFactory.class)
public class ForkedFrameworkIT {
  private static final String HOST_PID = "dmalloc.itests.host.pid";

  @Inject private BundleContext context;
  private boolean prepared;

  @Configuration
  public Option[] framework() {
    return Framework.felix(
        vmOption("--enable-native-access=ALL-UNNAMED"),
        systemProperty(HOST_PID).value(Long.toString(ProcessHandle.current().pid())));
  }

  @BeforeEach
  void prepare() {
    prepared = true;
  }

  @Test
  void runsInAnotherJvm() {
    assertTrue(prepared, "life cycle methods run in the framework");
    assertNotEquals(System.getProperty(HOST_PID), Long.toString(ProcessHandle.current().pid()));
    assertEquals("org.apache.felix.framework", context.getBundle(0).getSymbolicName());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void parametersWork(int value, @TempDir Path directory) throws Exception {
    Path file = Files.createFile(directory.resolve("file " + value));
    assertTrue(value >= 1 && value <= 3 && Files.exists(file));
  }
}
