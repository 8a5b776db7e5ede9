/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the launcher makes of strange surroundings. */
class EnvironmentIT {
  @TempDir private Path directory;

  @Test
  void wordsAndDirectoriesAreUtf8WhateverTheLocale() throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of("LC_ALL", "C"),
            """
            set -e
            cp -R "$layout" "in $e"; mkdir "tmp$e" "store$e"
            dmalloc="$PWD/in $e/bin/dmalloc"
            export TMPDIR="$PWD/tmp$e" DMALLOC_DIRECTORY="$PWD/store$e"
            grave=$(printf '\\303\\250')
            printf '%s\\n' "alloc 64k -b filechannel -n $e" "alloc 64k -b filechannel -n $grave" |
              "$dmalloc" >/dev/null
            env -i TMPDIR="$TMPDIR" DMALLOC_DIRECTORY="$DMALLOC_DIRECTORY" DMALLOC_AOT=off \\
              DMALLOC_JAVA_HOME="$DMALLOC_JAVA_HOME" "$dmalloc" \\
              write "$e" 0 "$(printf '\\303\\251\\342\\202\\254')" >/dev/null
            for name in "$e" "$grave"; do
              "$dmalloc" read "$name" 0 5 --raw | od -An -tx1
            done
            """);
    assertEquals(0, result.status(), result.err());
    assertEquals(" c3 a9 e2 82 ac\n 00 00 00 00 00\n", result.out(), result.err());
    assertEquals("", result.err());
  }

  @Test
  void storesThatCannotBeLookedAtAreNotEmpty() throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of("DMALLOC_AOT", "off"),
            """
            : >plain
            export DMALLOC_DIRECTORY="$PWD/plain"
            "$dmalloc" stored; echo $?
            "$dmalloc" verify; echo $?
            """);
    List<String> lines = result.out().lines().toList();
    assertEquals(
        "no region is stored in the stores that could be read", lines.get(0), result.out());
    assertEquals("1", lines.get(1), result.out());
    assertTrue(lines.stream().anyMatch(l -> l.startsWith("ERROR")), result.out());
    assertEquals("1", lines.getLast(), result.out());
  }

  @Test
  void whatABundleLogsIsOneVisibleLine() throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of("DMALLOC_AOT", "off"),
            """
            cp -R "$layout" changed
            printf 'foo\\033[31m = 1\\n' >changed/etc/org.dmalloc.backend.panama.cfg
            changed/bin/dmalloc providers
            """);
    assertEquals(0, result.status(), result.err());
    assertFalse(result.err().contains("\033"), result.err());
    assertTrue(result.err().lines().allMatch(l -> l.startsWith("dmalloc: ")), result.err());
    assertTrue(result.err().contains("foo\\u001b[31m"), result.err());
  }

  @Test
  void bytesThatAreNotUtf8AreRefusedAndNeverReplaced() throws Exception {
    Launch.Result result =
        Launch.shell(directory, Map.of(), "exec \"$dmalloc\" write a 0 \"$(printf '\\351')\"");
    assertEquals(2, result.status(), result.out());
    assertTrue(result.err().startsWith("dmalloc: argument 4: not UTF-8; "), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<&-        | 1 | 0 | dmalloc: standard input: Bad file descriptor",
        "help >&-   | 1 | 0 | dmalloc: write standard output: Bad file descriptor; the result",
        "help 2>&-  | 0 | 1 | ''",
        "help >/dev/full | 1 | 0 | dmalloc: write standard output: No space left on device; the",
        "--version >/dev/full | 1 | 0 | dmalloc: write standard output: No space left on device",
      })
  void streamsThatCannotBeReadOrWrittenAreSaidToBeSo(
      String words, int status, int printed, String message) throws Exception {
    Launch.Result result = Launch.shell(directory, Map.of(), "exec \"$dmalloc\" " + words);
    assertEquals(status, result.status(), result.err());
    assertEquals(printed == 1, !result.out().isEmpty(), result.out());
    assertTrue(result.err().startsWith(message), result.err());
    assertEquals(message.isEmpty() ? 0 : 1, result.err().lines().count(), result.err());
  }

  @Test
  void aPipeThatNobodyReadsEndsTheRunWithoutAWord() throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of(),
            "(printf 'alloc 4m -b anon\\nread 1 0 4m --raw\\n'; yes help) | \"$dmalloc\" | head -n 1");
    assertTrue(result.out().startsWith("region 1: 4 MiB from anon"), result.out());
    assertEquals("", result.err());
  }

  @ParameterizedTest
  @CsvSource({
    "DMALLOC_JAVA_OPTS, -XX:+UseZGC",
    "JAVA_TOOL_OPTIONS, -XX:+UseParallelGC",
    "JDK_JAVA_OPTIONS, -XX:+UseZGC",
    "_JAVA_OPTIONS, -XX:+UseParallelGC",
    "DMALLOC_JAVA_OPTS, -XX:TieredStopAtLevel=4",
  })
  void theUsersOptionsForJavaWin(String variable, String option) throws Exception {
    Launch.Result result =
        Launch.run(
            directory,
            // Made to print its flags, the JVM tells what it has understood.
            Map.of(variable, option + " -XX:+PrintFlagsFinal"),
            "--version");
    assertEquals(0, result.status(), result.err());
    String name = option.replaceAll("-XX:\\+?|=.*", "");
    String value = option.contains("=") ? "4" : "true";
    assertTrue(
        result.out().lines().anyMatch(l -> l.matches("\\s*\\w+ " + name + "\\s+= " + value + ".*")),
        result.out());
  }

  @ParameterizedTest
  @CsvSource({
    "DMALLOC_JAVA_OPTS, @opts, -XX:+UseZGC",
    "JDK_JAVA_OPTIONS, '\"@opts\"', -XX:+UseZGC",
    "DMALLOC_JAVA_OPTS, -XX:VMOptionsFile=opts, -XX:+UseParallelGC",
    "JAVA_TOOL_OPTIONS, -XX:Flags=opts, +UseParallelGC",
  })
  void theUsersOptionsForJavaWinFromAFileToo(String variable, String option, String inFile)
      throws Exception {
    Files.writeString(directory.resolve("opts"), inFile + "\n");
    Launch.Result result =
        Launch.run(
            directory,
            Map.of(variable, option, "_JAVA_OPTIONS", "-XX:+PrintFlagsFinal"),
            "--version");
    assertEquals(0, result.status(), result.out() + result.err());
    String name = inFile.substring(inFile.indexOf('+') + 1);
    assertTrue(
        result.out().lines().anyMatch(l -> l.matches("\\s*\\w+ " + name + "\\s+= true.*")),
        result.out());
  }

  @Test
  void theClassCacheIsMadeWhateverAKilledStartLeftAndFitsEveryCollector() throws Exception {
    Path own = directory.resolve("own");
    assertEquals(0, Users.status(List.of("cp", "-R", Launch.layout().toString(), own.toString())));
    Path cache = own.resolve("cache");
    assertEquals(0, start(own, Map.of(), "--version").status());
    Path made = onlyFile(cache);
    // What a start that was killed left until now, and one that is killed today leaves.
    Files.delete(made);
    Files.createDirectory(cache.resolve(made.getFileName() + ".new"));
    Files.createFile(Files.createDirectory(cache.resolve("new.4242")).resolve("cache"));
    // And what anybody could have planted there.
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertEquals(0, start(own, Map.of("DMALLOC_JAVA_OPTS", "-Dx=y"), "--version").status());
    assertEquals(made, onlyFile(cache));
    assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)));
    Launch.Result other = start(own, Map.of("DMALLOC_JAVA_OPTS", "-XX:+UseZGC"), "help");
    assertEquals(0, other.status());
    assertEquals("", other.err(), "a cache that does not fit is no error");
  }

  private Launch.Result start(Path layout, Map<String, String> environment, String word)
      throws Exception {
    Map<String, String> all = new HashMap<>(environment);
    all.put("DMALLOC_AOT", "on");
    try (Launch launch = Launch.start(List.of(), layout, directory, all, word)) {
      return launch.await();
    }
  }

  private static Path onlyFile(Path cache) throws Exception {
    try (Stream<Path> files = Files.list(cache)) {
      List<Path> found = files.toList();
      assertEquals(1, found.size(), found.toString());
      assertTrue(Files.size(found.getFirst()) > 0, "no cache");
      return found.getFirst();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/nonexistent", "/dev/null"})
  void aTemporaryDirectoryThatIsNoneIsOneLine(String path) throws Exception {
    Launch.Result result = Launch.run(directory, Map.of("TMPDIR", path), "help");
    assertEquals(73, result.status(), result.out());
    assertEquals(
        "dmalloc: TMPDIR="
            + path
            + " is no directory that you can write to; set it to one, or unset it\n",
        result.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-v 700000 | dmalloc: the limit of address space is 700000 KiB, and dmalloc needs 819200 KiB and what regions take; raise that limit (ulimit -v)",
        "-n 20 | ; raise the limit of open files, which is 20 files (ulimit -n)",
        "-f 0 | ; raise the limit of file size, which is 0 bytes (ulimit -f)",
      })
  void aLimitThatStopsAStartIsNamed(String limit, String step) throws Exception {
    Launch.Result result =
        Launch.shell(directory, Map.of(), "ulimit " + limit + "; exec \"$dmalloc\" help");
    assertEquals(70, result.status(), result.out());
    assertTrue(result.err().strip().endsWith(step), result.err());
    assertEquals(0, Launch.run(directory, "help").status());
    assertEquals(List.of(), Launch.temporaryFiles(directory));
  }

  /** From the least that the launcher takes to where Java's usual reservations would fit. */
  @ParameterizedTest
  @ValueSource(ints = {819_200, 1_000_000, 2_600_000, 3_400_000, 3_700_000})
  void aStartFitsIntoALimitOfAddressSpace(int kibibytes) throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of(),
            "ulimit -v " + kibibytes + "; exec \"$dmalloc\" alloc 16m -b anon");
    assertEquals("", result.err());
    assertEquals(0, result.status(), result.out());
    assertTrue(result.out().startsWith("region 1: 16 MiB from anon"), result.out());
  }

  @Test
  void aHeapThatTheLimitOfAddressSpaceRefusesIsToldBeforehand() throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of("DMALLOC_JAVA_OPTS", "-Xmx4g"),
            "ulimit -v 1000000; exec \"$dmalloc\" help");
    assertEquals(
        "dmalloc: Java cannot start in 1000000 KiB of address space; raise that limit (ulimit -v)\n",
        result.err());
    assertEquals(70, result.status());
  }

  @Test
  void aTemporaryDirectoryInWhichNothingCanBeMadeIsNotCalledMissing() throws Exception {
    Launch.Result result = Launch.run(directory, Map.of("TMPDIR", "/proc"), "help");
    assertTrue(result.status() == 70 || result.status() == 73, result.err());
    assertTrue(result.err().contains("write"), result.err());
    assertFalse(result.err().contains("exist"), result.err());
  }

  @Test
  void aFullTemporaryDirectoryIsNamedWithoutATrace() throws Exception {
    Path full = Files.createDirectory(directory.resolve("full"));
    boolean mounted =
        Users.status(List.of("mount", "-t", "tmpfs", "-o", "size=64k", "none", full.toString()))
            == 0;
    if (!mounted) {
      System.err.println("skipped: no tmpfs may be mounted here; run as root");
    }
    assumeTrue(mounted, "no tmpfs may be mounted here; run as root");
    try {
      Files.write(full.resolve("x"), new byte[64 << 10]);
      Launch.Result result = Launch.run(directory, Map.of("TMPDIR", full.toString()), "help");
      assertEquals(70, result.status(), result.out());
      assertTrue(result.err().contains("No space left on device"), result.err());
      for (String line : result.err().lines().toList()) {
        assertTrue(line.startsWith("dmalloc: "), result.err());
      }
    } finally {
      Users.status(List.of("umount", full.toString()));
    }
  }

  @Test
  void aComponentThatDoesNotStartEndsTheProcess() throws Exception {
    Path own = directory.resolve("own");
    assertEquals(0, Users.status(List.of("cp", "-R", Launch.layout().toString(), own.toString())));
    try (Stream<Path> jars = Files.list(own.resolve("bundles/dmalloc"))) {
      for (Path jar : jars.toList()) {
        if (String.valueOf(jar.getFileName()).startsWith("dmalloc-shell-")) {
          Files.delete(jar);
        }
      }
    }
    try (Launch launch = Launch.start(List.of(), own, directory, Map.of(), "help")) {
      Launch.Result result = launch.await();
      assertEquals(70, result.status(), result.err());
      assertTrue(
          result
              .err()
              .startsWith("dmalloc: cannot start: the component that runs commands did not"),
          result.err());
    }
    assertFalse(Launch.temporaryFiles(directory).iterator().hasNext());
  }

  @Test
  void linesFitTheTerminal() throws Exception {
    Launch.Result result =
        Launch.shell(
            directory,
            Map.of("TERM", "xterm"),
            "export dmalloc; exec script -qec 'stty cols 60; $dmalloc help; $dmalloc help | grep bench' /dev/null");
    assertEquals(0, result.status(), result.err());
    List<String> lines = result.out().lines().toList();
    int end = lines.size() - 2; // those of the pipe
    assertTrue(lines.size() > 30, result.out());
    lines.subList(0, end).forEach(line -> assertTrue(line.length() <= 60, line));
    lines.subList(end, lines.size()).forEach(line -> assertTrue(line.length() > 60, line));
  }
}
