/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import com.example.arena.ArenaActivator;
import com.example.arena.ArenaBackend;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.dmalloc.api.standalone.StandaloneBackend;
import org.osgi.framework.BundleActivator;

/** Packs the classes of a package below {@code com.example} as a bundle of their own. */
final class StrangersBundle {
  private StrangersBundle() {}

  /** The provider of arenas, which works. */
  static Path jar() {
    return jar(ArenaActivator.class, ArenaBackend.class.getName());
  }

  /**
   * Writes the jar with an activator's package, beside the bundles of the suite.
   *
   * @param backends the classes by which programs without OSGi have its providers
   */
  static Path jar(Class<? extends BundleActivator> activator, String... backends) {
    try {
      Path classes =
          Path.of(
              URI.create(activator.getProtectionDomain().getCodeSource().getLocation().toString()));
      Path content = classes.resolve(activator.getPackageName().replace('.', '/'));
      List<Path> files;
      try (Stream<Path> list = Files.list(content)) {
        files =
            list.filter(file -> file.toString().endsWith(".class"))
                .filter(file -> !file.endsWith("ArenaFixture.class"))
                .sorted()
                .toList();
      }
      Path jar = classes.resolveSibling(activator.getPackageName() + ".jar");
      try (JarOutputStream out =
          new JarOutputStream(Files.newOutputStream(jar), manifest(activator))) {
        for (Path file : files) {
          out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
          try (InputStream in = Files.newInputStream(file)) {
            in.transferTo(out);
          }
          out.closeEntry();
        }
        out.putNextEntry(new JarEntry("META-INF/services/" + StandaloneBackend.class.getName()));
        out.write(String.join("\n", backends).getBytes(StandardCharsets.UTF_8));
        out.closeEntry();
      }
      return jar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Manifest manifest(Class<? extends BundleActivator> activator) {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.putValue("Bundle-ManifestVersion", "2");
    attributes.putValue("Bundle-SymbolicName", activator.getPackageName());
    attributes.putValue("Bundle-Version", "1.0.0");
    attributes.putValue("Bundle-Activator", activator.getName());
    attributes.putValue(
        "Import-Package",
        "org.osgi.framework,org.dmalloc.api,org.dmalloc.api.backing,org.dmalloc.api.standalone,"
            + "org.dmalloc.spi.region");
    return manifest;
  }
}
