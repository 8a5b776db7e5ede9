/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** What an administrator switches off is in no shell, by a property and by configuration. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class CommandsOffIT {
  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  @Inject private ConfigurationAdmin admin;
  private CommandSession session;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix(frameworkProperty("dmalloc.commands.off").value("READ, heap free"));
  }

  @BeforeEach
  void openSession() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      new ConfiguredProviders(context).await(backend);
    }
    session =
        gogo.createSession(
            InputStream.nullInputStream(),
            new ByteArrayOutputStream(),
            new ByteArrayOutputStream());
    ConfiguredProviders.until(() -> "the command providers", () -> has("providers"));
  }

  @AfterEach
  void closeSession() {
    session.close();
  }

  private boolean has(String command) {
    return session.get(".commands") instanceof Set<?> all && all.contains("dmalloc:" + command);
  }

  private String help(String words) throws Exception {
    return session.format(session.execute("dmalloc:help " + words), Converter.INSPECT).toString();
  }

  @Test
  void whatReadsMemoryIsNotThere() throws Exception {
    for (String off : List.of("read", "snapshot")) {
      assertFalse(has(off), off);
      assertFalse(help("").contains("\n  " + off + " "), off);
      String refused =
          assertThrows(Exception.class, () -> session.execute("dmalloc:help " + off)).toString();
      assertTrue(refused.contains(off + ": switched off here"), refused);
    }
    assertTrue(has("write"));
    assertFalse(help("heap").contains("  free "), help("heap"));
    String refused =
        assertThrows(Exception.class, () -> session.execute("dmalloc:heap free h 0")).toString();
    assertTrue(refused.contains("heap free: switched off here"), refused);
  }

  @Test
  void aConfigurationTakesMoreAwayWhileTheShellRuns() throws Exception {
    Configuration configuration = admin.getConfiguration("org.dmalloc.shell", "?");
    configuration.update(ConfiguredProviders.dictionary("commands.off", "WRITE,delete"));
    try {
      ConfiguredProviders.until(() -> "write to go", () -> !has("write") && has("providers"));
      for (String off : List.of("fill", "resize", "delete", "read")) {
        assertFalse(has(off), off);
      }
      assertTrue(has("free"));
    } finally {
      configuration.delete();
    }
    ConfiguredProviders.until(() -> "write to come back", () -> has("write") && has("delete"));
    assertFalse(has("read")); // by the property, which a configuration cannot lift
    assertEquals(true, has("fill"));
  }
}
