/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.inject.Inject;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.namespace.PackageNamespace;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRevision;

/** Every bundle resolves and starts, and exports what it must and nothing else. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class BundlesIT {
  /** What each bundle of the suite exports; an addition is a decision, to be made here too. */
  private static final Map<String, Set<String>> EXPORTS =
      Map.ofEntries(
          entry(
              "org.dmalloc.api",
              Set.of(
                  "org.dmalloc.api",
                  "org.dmalloc.api.backing",
                  "org.dmalloc.api.move",
                  "org.dmalloc.api.standalone")),
          entry(
              "org.dmalloc.spi",
              Set.of(
                  "org.dmalloc.spi.checkpoint",
                  "org.dmalloc.spi.eviction",
                  "org.dmalloc.spi.limits",
                  "org.dmalloc.spi.machine",
                  "org.dmalloc.spi.region",
                  "org.dmalloc.spi.sharing",
                  "org.dmalloc.spi.store")),
          entry("org.dmalloc.backend.anon", Set.of()),
          entry("org.dmalloc.backend.filechannel", Set.of()),
          entry("org.dmalloc.backend.panama", Set.of()),
          entry("org.dmalloc.manager", Set.of()),
          entry("org.dmalloc.heap", Set.of("org.dmalloc.heap")),
          entry("org.dmalloc.shared", Set.of("org.dmalloc.shared")),
          entry("org.dmalloc.backup", Set.of("org.dmalloc.backup")),
          entry("org.dmalloc.backup.s3", Set.of()),
          entry("org.dmalloc.report", Set.of("org.dmalloc.report")),
          entry(
              "org.dmalloc.shell",
              Set.of(
                  "org.dmalloc.shell.command",
                  "org.dmalloc.shell.output",
                  "org.dmalloc.shell.syntax")),
          entry("org.dmalloc.shell.measure", Set.of()),
          entry("org.dmalloc.testkit", Set.of("org.dmalloc.testkit", "org.dmalloc.testkit.memory")),
          entry(
              "org.dmalloc.measure",
              Set.of(
                  "org.dmalloc.measure",
                  "org.dmalloc.measure.bench",
                  "org.dmalloc.measure.chaos",
                  "org.dmalloc.measure.chaos.container",
                  "org.dmalloc.measure.compare",
                  "org.dmalloc.measure.compare.cell",
                  "org.dmalloc.measure.compare.container",
                  "org.dmalloc.measure.disk",
                  "org.dmalloc.measure.doctor",
                  "org.dmalloc.measure.heap",
                  "org.dmalloc.measure.machine",
                  "org.dmalloc.measure.move",
                  "org.dmalloc.measure.report")));

  @Inject private BundleContext context;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  private List<Bundle> suite() {
    return Arrays.stream(context.getBundles())
        .filter(bundle -> String.valueOf(bundle.getSymbolicName()).startsWith("org.dmalloc."))
        .toList();
  }

  @Test
  void frameworkIsFelixOnAJdkOf25OrNewer() {
    assertEquals("org.apache.felix.framework", context.getBundle(0).getSymbolicName());
    assertTrue(Runtime.version().feature() >= 25, Runtime.version().toString());
  }

  @Test
  void everyBundleIsActive() {
    for (Bundle bundle : context.getBundles()) {
      boolean fragment = bundle.getHeaders().get("Fragment-Host") != null;
      assertEquals(
          fragment ? Bundle.RESOLVED : Bundle.ACTIVE, bundle.getState(), bundle.toString());
    }
  }

  @Test
  void bundlesExportWhatTheyMustAndNothingElse() {
    Map<String, Set<String>> exports = new TreeMap<>();
    for (Bundle bundle : suite()) {
      Set<String> packages = new TreeSet<>();
      for (BundleCapability each :
          bundle
              .adapt(BundleRevision.class)
              .getDeclaredCapabilities(PackageNamespace.PACKAGE_NAMESPACE)) {
        packages.add(String.valueOf(each.getAttributes().get(PackageNamespace.PACKAGE_NAMESPACE)));
      }
      exports.put(bundle.getSymbolicName(), packages);
    }
    assertEquals(new TreeMap<>(EXPORTS), exports);
  }

  @Test
  void bundlesDescribeThemselves() {
    for (Bundle bundle : suite()) {
      for (String header : List.of("Bundle-Name", "Bundle-Description", "Bundle-License")) {
        assertTrue(bundle.getHeaders().get(header) != null, bundle + " lacks " + header);
      }
    }
  }
}
