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

/** Packs the classes of {@code com.example.arena} as a bundle of their own. */
final class StrangersBundle {
  private StrangersBundle() {}

  /** Writes the jar beside the bundles of the suite. */
  static Path jar() {
    try {
      Path classes =
          Path.of(
              URI.create(
                  ArenaActivator.class
                      .getProtectionDomain()
                      .getCodeSource()
                      .getLocation()
                      .toString()));
      Path content = classes.resolve(ArenaActivator.class.getPackageName().replace('.', '/'));
      List<Path> files;
      try (Stream<Path> list = Files.list(content)) {
        files =
            list.filter(file -> file.toString().endsWith(".class"))
                .filter(file -> !file.endsWith("ArenaFixture.class"))
                .sorted()
                .toList();
      }
      Path jar = classes.resolveSibling("com.example.arena.jar");
      try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest())) {
        for (Path file : files) {
          out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
          try (InputStream in = Files.newInputStream(file)) {
            in.transferTo(out);
          }
          out.closeEntry();
        }
        out.putNextEntry(new JarEntry("META-INF/services/" + StandaloneBackend.class.getName()));
        out.write(ArenaBackend.class.getName().getBytes(StandardCharsets.UTF_8));
        out.closeEntry();
      }
      return jar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Manifest manifest() {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.putValue("Bundle-ManifestVersion", "2");
    attributes.putValue("Bundle-SymbolicName", "com.example.arena");
    attributes.putValue("Bundle-Version", "1.0.0");
    attributes.putValue("Bundle-Activator", ArenaActivator.class.getName());
    attributes.putValue(
        "Import-Package",
        "org.osgi.framework,org.dmalloc.api,org.dmalloc.api.backing,org.dmalloc.api.standalone,"
            + "org.dmalloc.spi.region");
    return manifest;
  }
}
