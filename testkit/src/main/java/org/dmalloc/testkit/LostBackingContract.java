/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.junit.jupiter.api.Test;

/**
 * Another process cuts a region's file: calls refuse, the region is marked, the others go on, and
 * the JVM lives. For backends of the suite; others may leave it to the operating system.
 */
public abstract class LostBackingContract extends ContractTheme {
  private static final String INTERPRETED = "-Xint";

  /** Calls are compiled before they are made, as far as they can be. */
  private static final String COMPILED = "-XX:CompileThreshold=100";

  @Test
  void wholeRegionsAreBackedAndHaveNoFailure() throws Exception {
    MemoryRegion region = allocate(3 * PAGE + 5);
    try (region) {
      Pattern.write(region, 1);
      region.verifyBacked();
      region.verifyBacked(3 * PAGE, 5);
      region.verifyBacked(0, 0);
      assertEquals(Optional.empty(), region.failure());
      assertThrowsOneLine(IndexOutOfBoundsException.class, () -> region.verifyBacked(3 * PAGE, 6));
      assertThrowsOneLine(IndexOutOfBoundsException.class, () -> region.verifyBacked(-1, 1));
    }
    assertThrowsOneLine(IllegalStateException.class, region::verifyBacked);
    assertThrowsOneLine(IllegalStateException.class, () -> region.verifyBacked(0, 1));
    assertEquals(Optional.empty(), region.failure());
  }

  @Test
  void aFaultIsToldAndForgottenOnceAllIsForced() throws Exception {
    InternalError fault =
        new InternalError("a fault occurred in an unsafe memory access operation");
    try (MemoryRegion region = allocate(PAGE)) {
      assertOneLine(region.faulted("load", fault));
      assertSays(region.faulted("load", fault), "load");
      assertTrue(region.failure().orElse("").contains("load"), region.failure().toString());
      region.verifyBacked();
      if (declares(Capability.FORCE)) {
        region.force();
        assertEquals(Optional.empty(), region.failure());
      }
    }
  }

  /** Memory without a file of a store has nothing that others could cut. */
  @Test
  void whatCannotBeCutIsNot() throws Exception {
    try (MemoryRegion region = allocate(2 * PAGE)) {
      Path path = region.info().path();
      if (path == null || declares(Capability.NAMED)) {
        return;
      }
      Pattern.write(region, 3);
      try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
        assertThrows(IOException.class, () -> file.truncate(PAGE));
      }
      Pattern.check(region, 3);
      region.verifyBacked();
    }
  }

  @Test
  void noCallThatIsInterpretedEndsTheJvm() throws Exception {
    noCallEndsTheJvm(INTERPRETED);
  }

  @Test
  void noCallThatIsCompiledEndsTheJvm() throws Exception {
    noCallEndsTheJvm(COMPILED);
  }

  private void noCallEndsTheJvm(String option) throws Exception {
    assumeDeclared(Capability.NAMED);
    try (MemoryRegion region = allocate("probe", PAGE)) {
      if (region.info().path() == null) {
        Skip.because("regions of this provider have no files that could be cut");
      }
    }
    Optional<String> fixture = testedFixture().childFixture();
    if (fixture.isEmpty()) {
      Skip.because("no second JVM can have this provider: its fixture names none");
    }
    Path store = Files.createTempDirectory("dmalloc-cut-");
    Path output = Files.createTempFile("dmalloc-child-", ".txt");
    try {
      List<String> command =
          DoomedJvm.command(LostBackingMain.class, fixture.orElseThrow(), store.toString());
      command.addAll(
          1,
          List.of(
              option,
              "-Xbatch",
              "-XX:-CreateCoredumpOnCrash",
              "-XX:ErrorFile=" + store.resolve("crash.txt")));
      Process child =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      try {
        assertTrue(
            child.waitFor(4 * Await.DEADLINE.toSeconds(), TimeUnit.SECONDS),
            () -> "the child hangs");
      } finally {
        child.destroyForcibly().onExit().join();
      }
      assertEquals(0, child.exitValue(), Files.readString(output));
    } finally {
      Files.deleteIfExists(output);
      try (Stream<Path> left = Files.walk(store)) {
        for (Path each : left.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }
}
