/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests that docs/reliability.md names are there. */
class NamedTestsTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Pattern NAMED =
      Pattern.compile("\\b([A-Z]\\w*(?:Test|IT|Contract))\\b(?:\\.(\\w+)([^\\w]?))?");

  @Test
  void everyClassAndMethodExists() throws IOException {
    Map<String, List<Path>> sources = sources();
    Set<String> missing = new TreeSet<>();
    int found = 0;
    Matcher named = NAMED.matcher(Files.readString(ROOT.resolve("docs/reliability.md")));
    while (named.find()) {
      String method = named.group(2);
      boolean shortened = "…".equals(named.group(3));
      if (!isThere(sources.getOrDefault(named.group(1), List.of()), method, shortened)) {
        missing.add(named.group());
      }
      found++;
    }
    assertEquals(Set.of(), missing);
    assertTrue(found > 100, found + " tests are named");
  }

  private static boolean isThere(List<Path> files, String method, boolean shortened)
      throws IOException {
    for (Path file : files) {
      if (method == null
          || Files.readString(file).contains(" " + method + (shortened ? "" : "("))) {
        return true;
      }
    }
    return false;
  }

  private static Map<String, List<Path>> sources() throws IOException {
    Map<String, List<Path>> sources = new HashMap<>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path module : modules.toList()) {
        Path source = module.resolve("src");
        if (Files.isDirectory(source)) {
          try (Stream<Path> walk = Files.walk(source)) {
            walk.filter(each -> each.toString().endsWith(".java"))
                .forEach(
                    each ->
                        sources
                            .computeIfAbsent(
                                each.getFileName().toString().replace(".java", ""),
                                name -> new ArrayList<>())
                            .add(each));
          }
        }
      }
    }
    return sources;
  }
}
