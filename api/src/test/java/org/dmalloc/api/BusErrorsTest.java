/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.BusErrorsMain.Primitive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What HotSpot makes of a page with nothing behind it, interpreted and compiled by each compiler,
 * each in a JVM of its own.
 */
class BusErrorsTest {
  private static final int DEADLINE_SECONDS = 120;

  /** What the suite must not do to memory that a file backs. */
  private static final Set<Primitive> DEADLY =
      EnumSet.of(Primitive.MISMATCH, Primitive.COMPARE_AND_SET, Primitive.CHECKSUM);

  @TempDir private Path directory;

  /** How the code comes about. */
  enum Mode {
    INTERPRETED("-Xint", 10),
    FIRST_COMPILER("-XX:TieredStopAtLevel=1", 20_000),
    SECOND_COMPILER("-XX:-TieredCompilation", 20_000);

    private final String option;
    private final int warm;

    Mode(String option, int warm) {
      this.option = option;
      this.warm = warm;
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  @EnabledOnOs(OS.LINUX)
  void whatTheSuiteDoesToMemoryIsAnErrorAndInTime(Mode mode) throws Exception {
    EnumSet<Primitive> survived = EnumSet.complementOf(EnumSet.copyOf(DEADLY));
    List<String> expected = new ArrayList<>();
    for (Primitive each : survived) {
      String outcome = each == Primitive.CHANNEL_WRITE ? "Bad address" : "InternalError";
      expected.addAll(List.of(each + " " + outcome, each + " " + outcome, each + " " + outcome));
    }
    assertEquals(0, run(mode, survived), said());
    assertEquals(expected, said().lines().toList());
  }

  /** So that a JDK that saves these, too, tells us. */
  @ParameterizedTest
  @CsvSource({
    "MISMATCH, FIRST_COMPILER",
    "COMPARE_AND_SET, INTERPRETED",
    "CHECKSUM, INTERPRETED",
    "CHECKSUM, SECOND_COMPILER"
  })
  @EnabledOnOs(OS.LINUX)
  void whatItLeavesAloneEndsTheJvm(Primitive primitive, Mode mode) throws Exception {
    assertTrue(run(mode, EnumSet.of(primitive)) != 0, said());
    assertTrue(said().contains("SIGBUS"), said());
  }

  private int run(Mode mode, Set<Primitive> primitives) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            mode.option,
            "-Xbatch",
            "-XX:+UseSerialGC",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=" + directory.resolve("crash.txt"),
            "-cp",
            System.getProperty("java.class.path"),
            BusErrorsMain.class.getName(),
            directory.toString(),
            Integer.toString(mode.warm)));
    primitives.forEach(each -> command.add(each.name()));
    Process child =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output().toFile())
            .start();
    try {
      assertTrue(child.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "the child hangs");
    } finally {
      child.destroyForcibly().waitFor();
    }
    return child.exitValue();
  }

  private Path output() {
    return directory.resolve("said.txt");
  }

  private String said() throws IOException {
    return Files.readString(output());
  }

  @Test
  void otherErrorsPassThrough() {
    InternalError other = new InternalError("something else");
    assertSame(other, assertThrows(InternalError.class, () -> BusErrors.require(other)));
    InternalError silent = new InternalError();
    assertSame(silent, assertThrows(InternalError.class, () -> BusErrors.require(silent)));
    InternalError fault =
        new InternalError("a fault occurred in an unsafe memory access operation");
    assertSame(fault, BusErrors.require(fault));
    BusErrors.deliver();
  }
}
