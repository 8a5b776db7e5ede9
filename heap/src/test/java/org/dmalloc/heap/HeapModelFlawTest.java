/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** The model finds each flaw in a heap, and none in one without. */
class HeapModelFlawTest {
  private static final long OPERATIONS = 20_000;

  /** As many as may pass without a flaw that only a rare call shows. */
  private static final int ROUNDS = 20;

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(value = ReferenceHeaps.Flaw.class, names = "NONE", mode = Mode.EXCLUDE)
  void isFound(ReferenceHeaps.Flaw flaw) {
    // Some flaws also end in an exception of the heap with the flaw, whichever call comes first.
    assertThrows(
        Throwable.class,
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            run(flaw, Files.createDirectory(directory.resolve("round" + round)));
          }
        },
        flaw::name);
  }

  @ParameterizedTest
  @EnumSource(value = ReferenceHeaps.Flaw.class, names = "NONE")
  void noneIsFound(ReferenceHeaps.Flaw none) throws Exception {
    run(none, directory);
  }

  private static void run(ReferenceHeaps.Flaw flaw, Path directory) throws Exception {
    try (HeapPlace place =
        HeapPlace.make(
            "panama",
            directory,
            new ReferenceHeaps(flaw),
            HeapOptions.DEFAULT,
            1 << 20,
            32 << 20)) {
      HeapModelTest.run(place, Seed.of(HeapModelFlawTest.class), 24 << 20, OPERATIONS);
    }
  }
}
