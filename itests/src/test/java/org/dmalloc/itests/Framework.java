/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.cleanCaches;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.ops4j.pax.exam.Option;

/** The framework that the tests run in: Felix with every bundle that the build copied. */
final class Framework {
  /** Names the directory with the bundles, on both sides. */
  static final String BUNDLES = "dmalloc.bundles";

  private Framework() {}

  /** The framework's options, and more. Backends that nobody configures store below the build. */
  static Option[] felix(Option... more) {
    return felixWithout(Set.of(), more);
  }

  /** The same without the bundles whose jars have these names; they have no version. */
  static Option[] felixWithout(Set<String> jarNames, Option... more) {
    Path directory = directory();
    Path store = directory.resolveSibling("store");
    List<Option> options = new ArrayList<>();
    options.add(cleanCaches());
    options.add(systemProperty("org.ops4j.pax.logging.DefaultServiceLog.level").value("WARN"));
    options.add(frameworkProperty("dmalloc.directory").value(store.toString()));
    options.add(systemProperty(BUNDLES).value(directory.toString()));
    for (Path jar : bundles()) {
      if (!jarNames.contains(jar.getFileName().toString())) {
        options.add(bundle(jar.toUri().toString()));
      }
    }
    options.addAll(List.of(more));
    return options.toArray(Option[]::new);
  }

  /** The jars of the framework, in the order of their names. */
  static List<Path> bundles() {
    try (Stream<Path> list = Files.list(directory())) {
      return list.filter(jar -> jar.toString().endsWith(".jar")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path directory() {
    return Path.of(
        java.util.Objects.requireNonNull(
            System.getProperty(BUNDLES), "run by Maven, which sets " + BUNDLES));
  }
}
