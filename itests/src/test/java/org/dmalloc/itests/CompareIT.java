/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.bundle;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.itests.exam.PaxExam;
import org.dmalloc.measure.compare.ComparisonReport;
import org.dmalloc.measure.compare.Verdict;
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
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** The command {@code compare} in a container, with a stranger's provider among ours. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class CompareIT {
  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  @TempDir private Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private CommandSession session;

  @Configuration
  public Option[] framework() {
    return Framework.felix(bundle(StrangersBundle.jar().toUri().toString()));
  }

  @BeforeEach
  void openSession() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      new ConfiguredProviders(context).await(backend);
    }
    new ConfiguredProviders(context).await("arena");
    session = gogo.createSession(InputStream.nullInputStream(), out, out);
    session.currentDir(directory);
  }

  @AfterEach
  void closeSession() {
    session.close();
  }

  private String run(String line) throws Exception {
    out.reset();
    Object result = session.execute(line);
    String printed = out.toString(StandardCharsets.UTF_8);
    return result == null ? printed : printed + session.format(result, Converter.INSPECT);
  }

  private ComparisonReport compare(String options) throws Exception {
    // Time enough for a machine that is busy with much else.
    run(
        "dmalloc:compare -s 16m -l 128m -r 1 --cell-millis 5 --time 5000 -d . --json report.json "
            + options);
    return ComparisonReport.read(directory.resolve("report.json"));
  }

  @Test
  void aStrangersProviderJoinsByItsName() throws Exception {
    ComparisonReport report = compare("-w fill,random-read -c arena,malloc");
    assertEquals(
        List.of("arena", "malloc"),
        report.contenders().stream().map(ComparisonReport.Entrant::id).sorted().toList());
    for (ComparisonReport.Cell cell : report.cells()) {
      assertEquals(1, cell.runs().size(), cell::toString);
      assertTrue(cell.runs().getFirst().operations() > 0, cell::toString);
    }
    assertEquals("an arena of Java", report.entrant("arena").note());
  }

  @Test
  void aProviderThatNoChildJvmCanStartIsNamedWithWhatWouldPermitIt() throws Exception {
    MemoryProvider anon = new ConfiguredProviders(context).await("anon");
    MemoryProvider hidden =
        (MemoryProvider)
            Proxy.newProxyInstance(
                CompareIT.class.getClassLoader(),
                new Class<?>[] {MemoryProvider.class},
                (proxy, method, arguments) ->
                    method.getName().equals("name") ? "hidden" : method.invoke(anon, arguments));
    ServiceRegistration<MemoryProvider> registered =
        context.registerService(
            MemoryProvider.class,
            hidden,
            FrameworkUtil.asDictionary(Map.of(MemoryProvider.BACKEND, "hidden")));
    ComparisonReport report;
    try {
      report = compare("-w random-read -c malloc");
    } finally {
      registered.unregister();
    }
    assertEquals(
        List.of(
            "hidden: a child JVM cannot start "
                + hidden.getClass().getName()
                + ": register a org.dmalloc.api.standalone.StandaloneBackend for it in META-INF/services"),
        report.notCompared().stream().filter(line -> line.startsWith("hidden")).toList());
    assertTrue(
        report.notCompared().stream()
            .anyMatch(line -> line.startsWith("managed: it has no memory")),
        report.notCompared()::toString);
  }

  @Test
  void theCommandOfEveryContenderAllocates() throws Exception {
    ComparisonReport report = compare("-w random-read -c all");
    int commands = 0;
    for (ComparisonReport.Entrant entrant : report.contenders()) {
      String line = entrant.command();
      if (!line.isEmpty()) {
        commands++;
        String printed = run("dmalloc:" + line);
        assertTrue(printed.startsWith("region "), entrant.id() + ": " + line + " → " + printed);
        run("dmalloc:free --all");
      }
    }
    assertTrue(commands >= 15, () -> report.contenders().toString());
    assertTrue(
        report.contenders().stream().anyMatch(entrant -> entrant.id().equals("anon:budget"))
            || report.notCompared().stream().anyMatch(line -> line.startsWith("anon:budget: ")),
        () -> "left out without a word: " + report.notCompared());
    for (String backend : Backends.PIDS.keySet()) {
      MemoryProvider provider = new ConfiguredProviders(context).await(backend);
      assertEquals(List.of(), provider.regions(), backend);
    }
  }

  @Test
  void saysWhyThereIsNoVerdictOnDataThatFitsIntoRam() throws Exception {
    ComparisonReport report = compare("-w random-read -c malloc");
    assertTrue(
        report.obstacles().stream().anyMatch(line -> line.contains("neither file nor swap")),
        report.obstacles()::toString);
    assertTrue(Verdict.all(report).isEmpty());
  }

  @Test
  void aSwapFileThatExistsIsLeftAlone() throws Exception {
    Path file = Files.writeString(directory.resolve("passwd"), "kept");
    Exception refusal =
        assertThrows(
            Exception.class, () -> compare("-w random-read -c malloc --swap-file passwd:1m"));
    assertTrue(refusal.getMessage().contains("exists, and is left alone"), refusal.getMessage());
    assertEquals("kept", Files.readString(file));
  }

  @Test
  void whoIsUnknownIsNamedBeforeAnythingIsMeasured() {
    Exception mistake =
        assertThrows(Exception.class, () -> compare("-w random-read -c arena,nobody"));
    assertTrue(mistake.getMessage().contains("'nobody'"), mistake.getMessage());
    assertTrue(mistake.getMessage().contains("panama:random"), mistake.getMessage());
    assertFalse(mistake.getMessage().contains("\n"), mistake.getMessage());
  }
}
