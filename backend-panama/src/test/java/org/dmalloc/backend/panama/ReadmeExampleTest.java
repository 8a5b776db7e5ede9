/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of README.md compiles, does what it says, and does it again. */
class ReadmeExampleTest {
  private static final Path EXAMPLE =
      Path.of("src/test/java/org/dmalloc/backend/panama/Prices.java");
  private static final Path README = Path.of("..", "README.md");

  private static List<String> between(List<String> lines, String begin, String end) {
    int from = 0;
    while (!lines.get(from).startsWith(begin)) {
      from++;
    }
    int to = from + 1;
    while (!lines.get(to).startsWith(end)) {
      to++;
    }
    return lines.subList(from + 1, to);
  }

  @Test
  void readmeHasThisExample() throws Exception {
    assertEquals(
        between(Files.readAllLines(EXAMPLE), "// README begins", "// README ends"),
        between(Files.readAllLines(README), "```java", "```"));
  }

  @Test
  void theExampleRunsTwice(@TempDir Path directory) throws Exception {
    PanamaProvider provider = new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
    try {
      assertEquals(42, new Prices(provider).price(1_000_000));
      assertEquals(0, new Prices(provider).price(999_999));
      assertEquals(1, provider.stored().size());
      assertTrue(provider.regions().isEmpty());
    } finally {
      provider.stop();
    }
  }
}
