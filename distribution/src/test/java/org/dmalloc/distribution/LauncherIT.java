/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LauncherIT {
  private static final long DEADLINE_SECONDS = 120;
  private static final Map<String, Long> SIGNAL_BITS = Map.of("HUP", 1L, "INT", 1L << 1);

  @TempDir private Path directory;

  @Test
  void oneCommandPrintsItsResultAndNothingIsLeft() throws Exception {
    Launch.Result result = Launch.run(directory, "providers");
    assertEquals(0, result.status(), result.err());
    assertTrue(result.out().startsWith("BACKEND"), result.out());
    for (String name : List.of("panama", "filechannel", "anon", "anon-memfd", "anon-zero")) {
      assertTrue(result.out().contains("\n" + name + " "), result.out());
    }
    assertEquals("", result.err());
    assertEquals(List.of(), Launch.temporaryFiles(directory));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Duser.language=ar -Duser.country=EG", "-Duser.language=tr"})
  void startsAndPrintsAsciiDigitsInEveryLocale(String locale) throws Exception {
    Launch.Result result =
        Launch.run(directory, Map.of("DMALLOC_JAVA_OPTS", locale), "alloc", "1536k", "-b", "anon");
    assertEquals(0, result.status(), result.err());
    assertTrue(result.out().startsWith("region 1: 1.5 MiB from anon"), result.out());
  }

  @Test
  void namedRegionsOutliveTheProcess() throws Exception {
    String name = "two words & $HOME 'q' \"d\"";
    Launch.Result result = Launch.run(directory, "alloc", "1m", "-n", name);
    assertEquals(0, result.status(), result.err());
    String data = "a  b\t$(exit 3) `x` \\ {y} | z > f";
    result = Launch.run(directory, "write", name, "0", data);
    assertEquals(0, result.status(), result.err());
    result = Launch.run(directory, "read", name, "0", Integer.toString(data.length()), "--raw");
    assertEquals(data, result.out(), result.err());
    assertFalse(Files.exists(directory.resolve("f")));
    result = Launch.run(directory, "delete", name);
    assertEquals(0, result.status(), result.err());
  }

  @Test
  void theVariableHomeDecidesWhereTheDefaultStoreIs() throws Exception {
    Path home = Files.createDirectory(directory.resolve("home"));
    Map<String, String> environment =
        Map.of("HOME", home.toString(), "XDG_STATE_HOME", "", "DMALLOC_DIRECTORY", "");
    Launch.Result result = Launch.run(directory, environment, "alloc", "4k", "-n", "mine");
    assertEquals(0, result.status(), result.err());
    assertTrue(Files.exists(home.resolve(".local/state/dmalloc/mine.region")), result.out());
  }

  @Test
  void pathsAreRelativeToTheUsersDirectory() throws Exception {
    Files.writeString(directory.resolve("in put"), "from a file");
    Launch.Result result =
        Launch.pipe(
            directory, "alloc 64 -b anon", "write 1 0 --file 'in put'", "read 1 0 11 --raw");
    assertEquals(0, result.status(), result.err());
    assertTrue(result.out().contains("from a file"), result.out());
  }

  @Test
  void errorsAreOneLineOnStderrAndAStatus() throws Exception {
    Launch.Result result = Launch.run(directory, "alloc", "12q");
    assertEquals(2, result.status());
    assertEquals("", result.out());
    assertEquals(
        "dmalloc: alloc: SIZE '12q' is not a size; give one such as 4096, 64k, 512m or 1.5g\n",
        result.err());
    result = Launch.run(directory, "read", "nothing");
    assertEquals(2, result.status());
    assertEquals(1, result.err().lines().count(), result.err());
    result = Launch.run(directory, "alloc", "1000000g", "-b", "filechannel");
    assertEquals(1, result.status(), result.out());
    assertEquals(1, result.err().lines().count(), result.err());
    result = Launch.run(directory, "frobnicate", "x");
    assertEquals(2, result.status());
    assertTrue(result.err().startsWith("dmalloc: command 'frobnicate' is unknown"), result.err());
    assertEquals(List.of(), Launch.temporaryFiles(directory));
  }

  @Test
  void helpAndVersionNeedNoScope() throws Exception {
    assertTrue(Launch.run(directory, "--help").out().startsWith("commands:"));
    assertTrue(Launch.run(directory, "alloc", "--help").out().startsWith("alloc – "));
    assertTrue(Launch.run(directory, "--version").out().startsWith("dmalloc "));
  }

  @Test
  void linesRunInOneProcessAndTheLastFailureIsTheStatus() throws Exception {
    Launch.Result result =
        Launch.pipe(
            directory,
            "# comment",
            "alloc 64k -b anon",
            "write 1 0 'hello world'",
            "read 99",
            "read 1 0 16");
    assertEquals(2, result.status());
    assertTrue(result.out().contains("|hello world.....|"), result.out());
    assertEquals("dmalloc: no region 99 is open; see 'regions'\n", result.err());
    assertEquals(0, Launch.pipe(directory, "").status());
  }

  @Test
  void twoAtOnceDoNotDisturbEachOther() throws Exception {
    try (Launch one = Launch.start(directory, Map.of());
        Launch two = Launch.start(directory, Map.of())) {
      one.write("alloc 64k -b anon\nwrite 1 0 first\n");
      two.write("alloc 64k -b anon\nwrite 1 0 second\n");
      one.write("read 1 0 8\nexit\n");
      two.write("read 1 0 8\nexit\n");
      Launch.Result first = one.await();
      Launch.Result second = two.await();
      assertTrue(first.out().contains("|first...|"), first.out() + first.err());
      assertTrue(second.out().contains("|second..|"), second.out() + second.err());
      assertEquals(0, first.status() + second.status());
    }
    assertEquals(List.of(), Launch.temporaryFiles(directory));
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void aSignalInTheMiddleOfABenchmarkFreesEverything(String signal, int status) throws Exception {
    try (Launch launch =
        Launch.start(
            directory,
            Map.of(),
            "bench",
            "--size",
            "16m",
            "--raw",
            "none",
            "--time",
            "3600",
            "-b",
            "filechannel",
            "-d",
            Files.createDirectories(directory.resolve("bench")).toString())) {
      awaitMapping(launch.pid(), directory.resolve("bench"));
      assumeHeeded(signal, launch.pid());
      launch.signal(signal);
      Launch.Result result = launch.await();
      assertEquals(status, result.status(), result.err());
    }
    assertEquals(List.of(), Launch.temporaryFiles(directory));
    try (var files = Files.walk(directory.resolve("bench"))) {
      assertEquals(List.of(), files.filter(f -> f.toString().endsWith(".region")).toList());
    }
  }

  /** At the beginning, in the middle and near the end of a start. */
  @ParameterizedTest
  @CsvSource({
    "TERM, lock",
    "TERM, cache",
    "TERM, cache/bundle6",
    "TERM, cache/bundle14",
    "HUP, cache"
  })
  void aSignalDuringTheStartEndsItWithoutAWord(String signal, String seen) throws Exception {
    try (Launch launch = Launch.start(directory, Map.of())) {
      awaitTemporaryFile();
      awaitFile(Launch.temporaryFiles(directory).getFirst().resolve(seen));
      assumeHeeded(signal, launch.pid());
      launch.signal(signal);
      Launch.Result result = launch.await();
      assertEquals("", result.err());
      assertEquals(signal.equals("TERM") ? 143 : 129, result.status());
    }
    assertEquals(List.of(), Launch.temporaryFiles(directory));
  }

  @Test
  void whatAKilledRunLeftIsRemovedByTheNext() throws Exception {
    try (Launch launch = Launch.start(directory, Map.of())) {
      awaitTemporaryFile();
      launch.signal("KILL");
      launch.await();
    }
    assertEquals(1, Launch.temporaryFiles(directory).size());
    Launch.run(directory, "providers");
    assertEquals(List.of(), Launch.temporaryFiles(directory));
  }

  @ParameterizedTest
  @ValueSource(strings = {"panama", "filechannel"})
  void aFileCutShortUnderAMappingIsAnErrorAndTheShellGoesOn(String backend) throws Exception {
    Path file = directory.resolve("store/cut.region");
    try (Launch launch = Launch.start(directory, Map.of())) {
      // The second region exists only when the first is mapped.
      launch.write(
          String.format(Locale.ROOT, "alloc 16m -b %s -n cut\nalloc 1m -b %<s -n next\n", backend));
      awaitFile(directory.resolve("store/next.region"));
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(4096);
      }
      launch.write("read cut 8m 16\nfill cut\nfree cut\nread next 0 16\nexit\n");
      Launch.Result result = launch.await();
      assertEquals(1, result.status(), result.err());
      List<String> errors = result.err().lines().toList();
      assertEquals(2, errors.size(), result.err());
      assertTrue(
          errors.get(0).startsWith("dmalloc: read 16777216 bytes of region 1"), result.err());
      assertTrue(
          errors.get(1).startsWith("dmalloc: fill 16777216 bytes of region 1"), result.err());
      for (String error : errors) {
        assertTrue(
            error.contains("its file was cut short: bytes from 0 on, of 16777216, are lost"),
            error);
      }
      assertTrue(result.out().contains("00000000  00 00"), result.out());
    }
  }

  @Test
  void configurationFilesHoldFromTheFirstCommandOn() throws Exception {
    Files.createDirectories(directory.resolve("etc"));
    Files.writeString(directory.resolve("etc/org.dmalloc.backend.anon.cfg"), "limit.bytes = 1m\n");
    Launch.Result result = Launch.run(directory, "alloc", "2m", "-b", "anon");
    assertEquals(1, result.status(), result.out() + result.err());
    assertTrue(result.err().contains("limit"), result.err());
    assertEquals(0, Launch.run(directory, "alloc", "64k", "-b", "anon").status());
    assertEquals(List.of(), Launch.temporaryFiles(directory));
  }

  @Test
  void configurationFilesAreUtf8AndOthersAreRefusedByName() throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of(),
            """
            euro=$(printf '\\342\\202\\254')
            printf 'directory = %s/disk%s\\n' "$PWD" "$e$euro" >etc/org.dmalloc.backend.panama.cfg
            mkdir "disk$e$euro"
            $dmalloc alloc 64k -b panama -n a && ls "disk$e$euro/a.region" || exit 1
            printf 'directory = %s/disk\\351\\n' "$PWD" >etc/org.dmalloc.backend.panama.cfg
            $dmalloc alloc 64k -b panama -n b
            """);
    assertEquals(70, result.status(), result.out() + result.err());
    assertEquals(
        "dmalloc: cannot start: configuration file "
            + directory.resolve("etc/org.dmalloc.backend.panama.cfg")
            + ": not UTF-8; convert it (iconv), or remove it\n",
        result.err());
  }

  @Test
  void aBadConfigurationIsOneLineAndTheOtherBackendsAreThere() throws Exception {
    Files.createDirectories(directory.resolve("etc"));
    Path missing = directory.resolve("missing");
    Files.writeString(
        directory.resolve("etc/org.dmalloc.backend.panama.cfg"), "directory = " + missing + "\n");
    Launch.Result result = Launch.run(directory, "alloc", "64k", "-b", "filechannel");
    assertEquals(0, result.status(), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
    assertTrue(
        result.err().startsWith("dmalloc: org.dmalloc.backend.panama: directory=" + missing),
        result.err());
  }

  @Test
  void whatAConfigurationSaysIsShownInOneVisibleLine() throws Exception {
    Files.createDirectories(directory.resolve("etc"));
    Files.writeString(
        directory.resolve("etc/org.dmalloc.backend.panama.cfg"),
        "directory = /missing\\u001b[2J\\nOK\\u202e\n");
    Launch.Result result = Launch.run(directory, "providers");
    assertEquals(0, result.status(), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
    assertTrue(result.err().contains("/missing\\u001b[2J\\nOK\\u202e"), result.err());
  }

  @Test
  void aMisspeltKeyIsOneLineWithTheRightOne() throws Exception {
    Files.createDirectories(directory.resolve("etc"));
    Files.writeString(directory.resolve("etc/org.dmalloc.backend.anon.cfg"), "limit.byte = 1m\n");
    Launch.Result result = Launch.run(directory, "providers");
    assertEquals(
        "dmalloc: org.dmalloc.backend.anon: limit.byte=1m; there is no such key; did you mean"
            + " limit.bytes?\n",
        result.err());
    assertFalse(result.out().contains("\nanon "), result.out());
    assertTrue(result.out().contains("\nanon-memfd "), result.out());
  }

  @Test
  void linesHaveGogosOwnCommandsAndPipes() throws Exception {
    Launch.Result result =
        Launch.pipe(
            directory,
            "alloc 1m -b panama -n a",
            "alloc 1m -b anon",
            "each (regions) { echo ($it backend) }",
            "if { (regions) isEmpty } { echo none } { echo some }",
            "regions | grep -c panama",
            "regions | sort | head -n 1",
            "verify -b panama | grep 'region a' | wc -l",
            "providers | grep 'no such'",
            "x = (alloc 64k -b anon); write $x 0 hello; read $x 0 5");
    assertEquals(0, result.status(), result.err());
    List<String> lines = result.out().lines().toList();
    assertEquals(List.of("panama", "anon", "some", "1"), lines.subList(2, 6), result.out());
    assertTrue(lines.get(6).startsWith(" 1  a "), result.out());
    assertEquals("1", lines.get(7).strip(), result.out());
    assertTrue(lines.getLast().endsWith("|hello|"), result.out());
    assertEquals("", result.err());
  }

  @Test
  void withoutAJdkTheMessageSaysWhatToDo() throws Exception {
    try (Launch launch =
        Launch.start(directory, Map.of("DMALLOC_JAVA_HOME", directory.toString()), "providers")) {
      Launch.Result result = launch.await();
      assertEquals(69, result.status());
      assertTrue(
          result.err().contains("is no JDK 25 or newer; set it to one, or unset it"), result.err());
    }
  }

  private void awaitTemporaryFile() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (Launch.temporaryFiles(directory).isEmpty()) {
      assertTrue(System.nanoTime() - deadline < 0, "no temporary directory");
      Thread.onSpinWait();
    }
  }

  private static void awaitFile(Path file) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!Files.exists(file)) {
      assertTrue(System.nanoTime() - deadline < 0, "no file " + file);
      Thread.onSpinWait();
    }
  }

  /** Waits until a process has a file below a directory mapped. */
  private static void awaitMapping(long pid, Path below) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!Files.readString(Path.of(String.format(Locale.ROOT, "/proc/%d/maps", pid)))
        .contains(below.toString())) {
      assertTrue(System.nanoTime() - deadline < 0, "nothing mapped below " + below);
      Thread.onSpinWait();
    }
  }

  /** A process passes on which signals it ignores, and Java then leaves them so. */
  private static void assumeHeeded(String signal, long pid) throws IOException {
    String ignored =
        Files.readAllLines(Path.of(String.format(Locale.ROOT, "/proc/%d/status", pid))).stream()
            .filter(l -> l.startsWith("SigIgn:"))
            .findFirst()
            .orElseThrow();
    long bit = SIGNAL_BITS.getOrDefault(signal, 0L);
    assumeTrue(
        (Long.parseUnsignedLong(ignored.substring(7).strip(), 16) & bit) == 0,
        "SIG"
            + signal
            + " is ignored here, as in a background job of a shell or under nohup: start the build"
            + " in front");
  }
}
