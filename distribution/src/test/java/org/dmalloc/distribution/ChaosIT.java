/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short chaos run of the distribution, with workers in plain Java and in a container. {@code
 * -Ddmalloc.seed=} does the same one again.
 */
class ChaosIT {
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime() % 1_000_000);

  @TempDir private Path directory;

  @Test
  void nothingIsLostAndNothingIsLeft() throws Exception {
    Path place = Files.createDirectory(directory.resolve("place"));
    try (Launch launch =
        Launch.start(
            directory,
            Map.of("HOME", directory.toString(), "XDG_STATE_HOME", ""),
            "chaos",
            "--time",
            "20s",
            "--seed",
            Long.toString(SEED),
            "-d",
            place.toString())) {
      Launch.Result result = launch.await();
      assertEquals(0, result.status(), result.out() + result.err());
      assertTrue(
          result.out().contains("0 lost, 0 JVM deaths, 0 leaks, 0 other failures"), result.out());
      assertTrue(
          Pattern.compile("^(stop|update|refresh) org\\.dmalloc\\.", Pattern.MULTILINE)
              .matcher(result.out())
              .find(),
          "bundles: " + result.out());
      assertTrue(result.err().contains("chaos: seed " + SEED + "; again: "), result.err());
    }
    try (Stream<Path> left = Files.list(place)) {
      assertEquals(List.of(), left.toList());
    }
  }
}
