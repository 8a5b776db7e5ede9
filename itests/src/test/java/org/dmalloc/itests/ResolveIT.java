/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import aQute.bnd.build.Workspace;
import aQute.bnd.osgi.Processor;
import aQute.bnd.repository.fileset.FileSetRepository;
import biz.aQute.resolve.Bndrun;
import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.felix.framework.FrameworkFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The manifests as resolvers read them, bnd's here and that of Karaf's features: each bundle brings
 * along what it needs and nothing else, and whoever needs a service of the suite gets its bundle.
 */
class ResolveIT {
  private static final Set<String> COMPONENTS =
      Set.of(
          "org.apache.felix.scr",
          "org.osgi.service.component",
          "org.osgi.util.function",
          "org.osgi.util.promise");

  /** In a list such as {@code org.example.a;version='[1,2)',org.example.b;version='[1,2)'}. */
  private static final Pattern NAME = Pattern.compile("([\\w.-]+);\\s*version=");

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "org.dmalloc.backend.filechannel, org.dmalloc.spi",
    "org.dmalloc.backend.panama, org.dmalloc.spi",
    "org.dmalloc.backend.anon, org.dmalloc.spi",
    "org.dmalloc.manager, org.dmalloc.spi",
    "org.dmalloc.heap, ''",
    "org.dmalloc.shared, org.dmalloc.spi",
    "org.dmalloc.backup, ''",
    "org.dmalloc.backup.s3, org.dmalloc.backup|org.apache.felix.configadmin",
    "org.dmalloc.measure,"
        + " org.dmalloc.heap|org.dmalloc.report|org.dmalloc.spi|com.google.gson|org.hdrhistogram.HdrHistogram",
    "org.dmalloc.shell, org.dmalloc.report|com.google.gson|org.apache.felix.gogo.runtime",
    "org.dmalloc.shell.measure,"
        + " org.dmalloc.heap|org.dmalloc.report|org.dmalloc.shell|com.google.gson|org.hdrhistogram.HdrHistogram|org.dmalloc.measure|org.dmalloc.spi|org.apache.felix.gogo.runtime"
  })
  void eachBundleBringsAlongWhatItNeeds(String bundle, String more) throws Exception {
    Set<String> expected = new TreeSet<>(Set.of("org.dmalloc.api", bundle));
    expected.addAll(Arrays.stream(more.split("\\|")).filter(name -> !name.isEmpty()).toList());
    Set<String> resolved = resolve(identity(bundle));
    resolved.removeAll(COMPONENTS);
    assertEquals(expected, resolved);
  }

  @Test
  void withoutEventAdminAllElseResolves() throws Exception {
    Set<String> resolved = resolve(identity("org.dmalloc.manager"));
    assertFalse(resolved.contains("org.apache.felix.eventadmin"), resolved.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "(objectClass=org.dmalloc.api.move.RegionMover), org.dmalloc.manager",
    "(objectClass=org.dmalloc.api.ResourceLimits), org.dmalloc.manager",
    "(objectClass=org.dmalloc.api.MemoryProvider), org.dmalloc.",
    "(objectClass=org.dmalloc.heap.HeapService), org.dmalloc.heap",
    "(objectClass=org.dmalloc.shared.SharedMemoryService), org.dmalloc.shared",
    "(objectClass=org.dmalloc.backup.BackupService), org.dmalloc.backup",
    "(objectClass=org.dmalloc.backup.BackupStoreOpener), org.dmalloc.backup.s3",
  })
  void whoeverNeedsAServiceGetsItsBundle(String filter, String bundle) throws Exception {
    Set<String> resolved = resolve(identity(consumer(filter)));
    resolved.removeAll(Set.of("org.dmalloc.api", "org.dmalloc.spi"));
    assertTrue(resolved.stream().anyMatch(name -> name.startsWith(bundle)), resolved.toString());
  }

  private static String identity(String bundle) {
    return String.format(Locale.ROOT, "osgi.identity;filter:='(osgi.identity=%s)'", bundle);
  }

  /** A bundle as bnd would describe one whose component has a mandatory reference. */
  private String consumer(String filter) throws Exception {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue("Bundle-ManifestVersion", "2");
    main.putValue("Bundle-SymbolicName", "com.example.consumer");
    main.putValue("Bundle-Version", "1.0.0");
    main.putValue(
        "Require-Capability",
        String.format(Locale.ROOT, "osgi.service;filter:=\"%s\";effective:=\"active\"", filter));
    try (OutputStream file = Files.newOutputStream(directory.resolve("consumer.jar"));
        JarOutputStream jar = new JarOutputStream(file, manifest)) {
      jar.finish();
    }
    return "com.example.consumer";
  }

  /** The symbolic names of what a framework must have for the requirement; EventAdmin is banned. */
  private Set<String> resolve(String requirement) throws Exception {
    List<File> files = new ArrayList<>(Framework.bundles().stream().map(Path::toFile).toList());
    files.add(
        new File(
            FrameworkFactory.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
    File consumer = directory.resolve("consumer.jar").toFile();
    if (consumer.exists()) {
      files.add(consumer);
    }
    Path description =
        Files.writeString(
            directory.resolve("suite.bndrun"),
            String.join(
                "\n",
                "-runfw: org.apache.felix.framework",
                "-runee: JavaSE-25",
                "-resolve.effective: active",
                // Gogo's runtime wants some shell beside it.
                "-runprovidedcapabilities:"
                    + " org.apache.felix.gogo;org.apache.felix.gogo=shell.implementation;version:Version=1.0.0",
                "-runblacklist: " + identity("org.apache.felix.eventadmin"),
                "-runrequires: " + requirement,
                ""));
    try (Processor processor = new Processor();
        Workspace workspace = Workspace.createStandaloneWorkspace(processor, directory.toUri());
        Bndrun run = new Bndrun(workspace, description.toFile())) {
      workspace.addBasicPlugin(new FileSetRepository("suite", files));
      String resolved = run.resolve(false, false);
      assertTrue(run.isOk(), String.join("\n", run.getErrors()));
      return NAME.matcher(resolved)
          .results()
          .map(found -> found.group(1))
          .filter(name -> !name.equals("com.example.consumer"))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
