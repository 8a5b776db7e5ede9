/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The pages of documentation: those at the root of the project, of its modules, and of docs. */
final class Pages {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private Pages() {}

  /** All of them, in the order of their names. */
  static List<Path> all() throws IOException {
    try (Stream<Path> top = Files.walk(ROOT, 2);
        Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      return Stream.concat(top, docs)
          .filter(file -> file.toString().endsWith(".md") && Files.isRegularFile(file))
          .filter(file -> !name(file).contains("target/"))
          .distinct()
          .sorted()
          .toList();
    }
  }

  /** The path from the root of the project, with slashes. */
  static String name(Path page) {
    return ROOT.relativize(page).toString().replace('\\', '/');
  }
}
