/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What is in each bundle's jar: its own packages, and the embedded ones that it may have. */
class BundleContentIT {
  /** What only the bundle's own class path leads to, and no module of plain Java has. */
  private static final String DOWNCALLS = "OSGI-INF.linux.org.dmalloc.linux";

  /** The same for the client of object stores. */
  private static final String CLIENT = "OSGI-INF.client.";

  private static final Map<String, Set<String>> EMBEDDED =
      Map.of(
          "dmalloc-backup.jar",
          Set.of("net.jpountz"),
          "dmalloc-backup-s3.jar",
          Set.of(CLIENT + "org.reactivestreams", CLIENT + "org.slf4j", CLIENT + "software.amazon"),
          "dmalloc-backend-panama.jar",
          Set.of(DOWNCALLS),
          "dmalloc-backend-anon.jar",
          Set.of(DOWNCALLS),
          "dmalloc-shared.jar",
          Set.of(DOWNCALLS),
          // Caffeine keeps the pages of the buffer pool that comparisons have as a contender.
          "dmalloc-measure.jar",
          Set.of(DOWNCALLS, "com.github"));

  private static final Pattern PACKAGE = Pattern.compile("org\\.dmalloc[\\w.]*");

  private static List<Path> suite() {
    List<Path> jars =
        Framework.bundles().stream()
            .filter(jar -> jar.getFileName().toString().startsWith("dmalloc-"))
            .toList();
    assertFalse(jars.isEmpty());
    return jars;
  }

  @Test
  void bundlesEmbedWhatTheyNeedAndNothingElse() throws IOException {
    for (Path path : suite()) {
      try (JarFile jar = new JarFile(path.toFile())) {
        String own = jar.getManifest().getMainAttributes().getValue("Bundle-SymbolicName");
        Set<String> foreign = new TreeSet<>();
        jar.stream()
            .map(entry -> entry.getName().replace('/', '.'))
            .filter(name -> name.endsWith(".class") && !name.equals("module-info.class"))
            .filter(name -> !name.startsWith(own + "."))
            .map(
                name ->
                    name.replaceAll(
                        "^((?:OSGI-INF\\.linux\\.)?org\\.dmalloc\\.[a-z]+|(?:OSGI-INF\\.client\\.)?[a-z]+\\.[a-z0-9]+).*",
                        "$1"))
            .forEach(foreign::add);
        assertEquals(
            new TreeSet<>(EMBEDDED.getOrDefault(path.getFileName().toString(), Set.of())),
            foreign,
            path.getFileName().toString());
      }
    }
  }

  @Test
  void noBundleImportsWhatOthersEmbed() throws IOException {
    for (Path path : suite()) {
      try (JarFile jar = new JarFile(path.toFile())) {
        String imports =
            String.valueOf(jar.getManifest().getMainAttributes().getValue("Import-Package"));
        for (String embedded : List.of("org.dmalloc.linux", "software.amazon", "org.slf4j")) {
          assertFalse(imports.contains(embedded), path + " imports " + imports);
        }
      }
    }
  }

  @Test
  void aModuleExportsWhatItsBundleDoes() throws IOException {
    Set<String> modules = new TreeSet<>();
    for (Path path : suite()) {
      ModuleDescriptor module = ModuleFinder.of(path).findAll().iterator().next().descriptor();
      if (module.isAutomatic()) {
        continue;
      }
      modules.add(module.name());
      Set<String> byModule = new TreeSet<>();
      module.exports().forEach(each -> byModule.add(each.source()));
      Set<String> byBundle = new TreeSet<>();
      try (JarFile jar = new JarFile(path.toFile())) {
        String header = jar.getManifest().getMainAttributes().getValue("Export-Package");
        String names = header == null ? "" : header.replaceAll("\"[^\"]*\"", "");
        PACKAGE.matcher(names).results().forEach(found -> byBundle.add(found.group()));
      }
      assertEquals(byBundle, byModule, module.name());
    }
    assertEquals(10, modules.size(), modules::toString);
  }

  @Test
  void onlyJavaIsRequired() throws IOException {
    List<String> native_ = new ArrayList<>();
    for (Path path : suite()) {
      try (JarFile jar = new JarFile(path.toFile())) {
        jar.stream()
            .map(entry -> entry.getName())
            .filter(name -> name.endsWith(".so") || name.endsWith(".dll"))
            .forEach(native_::add);
        assertTrue(
            String.valueOf(jar.getManifest().getMainAttributes().getValue("Require-Capability"))
                .contains("(version=25)"),
            path + " says which Java it needs");
      }
    }
    assertEquals(List.of(), native_, "native code in bundles");
  }
}
