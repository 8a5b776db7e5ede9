/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.bundle;

import com.example.faulty.FaultyActivator;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
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
import org.osgi.framework.BundleContext;

/**
 * The commands beside a stranger's bundle whose providers throw whatever they are asked: each costs
 * its own row, and is named.
 */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class FaultyBundleIT {
  private static final List<String> FAULTS =
      List.of("IllegalStateException: boom", "AssertionError: boom");

  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  @TempDir private Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private CommandSession session;

  @Configuration
  public Option[] framework() {
    return Framework.felix(bundle(StrangersBundle.jar(FaultyActivator.class).toUri().toString()));
  }

  @BeforeEach
  void openSession() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      new ConfiguredProviders(context).await(backend);
    }
    new ConfiguredProviders(context).await("managed");
    session = gogo.createSession(InputStream.nullInputStream(), out, out);
    session.currentDir(directory);
    run("alloc 64k -b panama -n kept");
    run("write kept 0 kept");
  }

  @AfterEach
  void closeSession() throws Exception {
    run("free --all");
    run("delete kept");
    session.close();
  }

  /** Runs a line, and gives what it printed, to standard error too. */
  private String run(String line) throws Exception {
    out.reset();
    Object result = session.execute("dmalloc:" + line);
    String printed = out.toString(StandardCharsets.UTF_8);
    return result == null ? printed : printed + session.format(result, Converter.INSPECT);
  }

  /** Runs a line that must fail, and gives what it printed with its message. */
  private String fail(String line) {
    Exception failure = assertThrows(Exception.class, () -> run(line), line);
    return out.toString(StandardCharsets.UTF_8) + failure;
  }

  /** Every fault with the name of its bundle, in a text that has the sound part too. */
  private static void assertNames(String what, String text) {
    for (String fault : FAULTS) {
      assertTrue(text.contains(what + ": " + fault), text);
    }
    assertTrue(text.contains("bundle com.example.faulty, service "), text);
  }

  @Test
  void listingsHaveTheOthersAndNameThem() throws Exception {
    String providers = run("providers");
    for (String fault : FAULTS) {
      assertEquals(
          2, // with a name and without
          providers.lines().filter(line -> line.endsWith("(): " + fault)).count(),
          providers);
    }
    assertTrue(providers.contains("faulty-error "), providers);
    assertTrue(providers.contains("panama "), providers);
    String regions = run("regions");
    assertNames("regions()", regions);
    assertTrue(regions.contains("kept"), regions);
    String stored = fail("stored");
    assertNames("stored()", stored);
    assertTrue(stored.contains("kept"), stored);
    String verified = fail("verify");
    for (String fault : FAULTS) { // in a table: a row's subject is the backend
      assertTrue(verified.contains("verify(): " + fault), verified);
    }
    assertTrue(verified.contains("backend faulty-error"), verified);
    assertTrue(verified.contains("backend service-"), verified);
    assertTrue(verified.contains("kept"), verified);
    assertTrue(run("regions --leaks").contains("com.example.faulty"));
    assertNames("stored()", run("doctor"));
    assertTrue(run("help").contains("providers"));
  }

  @Test
  void whatUsesAnotherBackendWorks() throws Exception {
    assertTrue(run("read kept 0 4").contains("|kept|"));
    assertTrue(run("info kept").contains("panama"));
    assertTrue(run("fill kept").contains("kept"));
    run("flush kept");
    run("free kept");
    assertTrue(run("open kept").contains("kept"), "the faulty ones have a store too");
    assertTrue(run("alloc 64k -b managed -n moved").startsWith("region "));
    assertTrue(run("hotswap moved filechannel").contains("filechannel"));
    assertTrue(run("load moved --rate 1").startsWith("writing to moved"));
    assertTrue(run("load --stop").startsWith("moved: "));
    run("free moved");
    assertEquals("deleted moved", run("delete moved").strip());
    for (String line : List.of("open kept -b faulty-error", "stored -b faulty-error")) {
      String failure = fail(line);
      assertTrue(failure.contains("dmalloc: backend faulty-error (bundle com.ex"), failure);
    }
  }

  @Test
  void aBenchmarkOfAllHasTheirErrorsInTheirRows() {
    String table = fail("bench -b all -s 1m -w alloc-free --raw none");
    assertTrue(table.endsWith("bench: some rows could not be measured; see the table"), table);
    for (String fault : FAULTS) {
      assertTrue(table.contains("(): " + fault), table);
    }
    for (String backend : Backends.PIDS.keySet()) {
      assertEquals(
          1,
          table.lines().filter(line -> line.matches(".* " + backend + " +[0-9].*")).count(),
          backend + ": " + table);
    }
  }

  @Test
  void movesBetweenTheOthersAreMeasured() throws Exception {
    String table = run("hotswapbench -s 1m -w 0 -m 1 -b panama,anon");
    assertTrue(table.contains("panama"), table);
    String failure = fail("hotswapbench -s 1m -w 0 -m 1 -b panama,faulty-error");
    assertTrue(failure.contains("dmalloc: backend faulty-error (bundle com.ex"), failure);
  }

  @Test
  void aComparisonLeavesThemOutByName() throws Exception {
    String table =
        run("compare -c malloc -w random-read -s 16m -l 128m -r 1 --cell-millis 5 --time 5000");
    assertNames("capabilities()", table);
    assertTrue(table.contains("malloc"), table);
  }
}
