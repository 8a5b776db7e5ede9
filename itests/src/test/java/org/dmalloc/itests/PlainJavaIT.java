/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.backend.anon.AnonymousBackend;
import org.dmalloc.backend.filechannel.FileChannelBackend;
import org.dmalloc.backend.panama.PanamaBackend;
import org.dmalloc.heap.Heap;
import org.dmalloc.linux.Platform;
import org.dmalloc.manager.ManagerFactory;
import org.dmalloc.spi.region.ConfigurationReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program without OSGi, in {@code src/test/program}: compiled and run from the jars that were
 * built, by the class path and by the module path. No jar of OSGi is there.
 */
class PlainJavaIT {
  private static final Path SOURCES = Path.of("src/test/program");
  private static final String PROGRAM = "org.example.Program";
  private static final String HEAP_PROGRAM = "org.example.HeapProgram";

  private static final Map<Class<?>, String> JARS =
      Map.of(
          Dmalloc.class, "dmalloc-api.jar",
          ConfigurationReader.class, "dmalloc-spi.jar",
          Platform.class, "dmalloc-linux.jar",
          FileChannelBackend.class, "dmalloc-backend-filechannel.jar",
          PanamaBackend.class, "dmalloc-backend-panama.jar",
          AnonymousBackend.class, "dmalloc-backend-anon.jar",
          ManagerFactory.class, "dmalloc-manager.jar",
          Heap.class, "dmalloc-heap.jar");

  private static final String[] PROVIDERS = {
    "filechannel", "panama", "anon", "anon-memfd", "anon-zero", "managed"
  };

  private static final String EVERY_PROVIDER_AND_A_MOVED_REGION =
      """
      filechannel has 1
      panama has 2
      anon has 3
      anon-memfd has 4
      anon-zero has 5
      moved to filechannel
      managed has 6
      """;

  @TempDir private Path directory;

  private record Outcome(int status, String printed) {}

  @BeforeEach
  void copyTheJars() throws IOException, URISyntaxException {
    Files.createDirectory(directory.resolve("jars"));
    Files.createDirectory(directory.resolve("store"));
    for (Map.Entry<Class<?>, String> jar : JARS.entrySet()) {
      Path built =
          Path.of(jar.getKey().getProtectionDomain().getCodeSource().getLocation().toURI());
      Files.copy(built, directory.resolve("jars").resolve(jar.getValue()));
    }
  }

  @Test
  void aProgramOnTheClassPathUsesEveryProviderAndMovesARegion() throws Exception {
    compile("-cp", allJars(), "org/example/Program.java");
    assertEquals(new Outcome(0, EVERY_PROVIDER_AND_A_MOVED_REGION), onTheClassPath(PROVIDERS));
  }

  @Test
  void aProgramOnTheModulePathUsesEveryProviderAndMovesARegion() throws Exception {
    compile("-p", "jars", "org/example/Program.java", "module-info.java");
    assertEquals(
        new Outcome(0, EVERY_PROVIDER_AND_A_MOVED_REGION),
        onTheModulePath("org.dmalloc.linux", PROVIDERS));
  }

  @Test
  void aProgramOnTheClassPathFindsItsHeapAgain() throws Exception {
    compile("-cp", allJars(), "org/example/HeapProgram.java");
    assertEquals(new Outcome(0, "two\none\n"), runOnTheClassPath(HEAP_PROGRAM, "one", "two"));
    assertEquals(new Outcome(0, "three\ntwo\none\n"), runOnTheClassPath(HEAP_PROGRAM, "three"));
  }

  @Test
  void aProgramOnTheModulePathFindsItsHeapAgain() throws Exception {
    compile("-p", "jars", "org/example/HeapProgram.java", "module-info.java");
    assertEquals(
        new Outcome(0, "two\none\n"),
        runOnTheModulePath("org.example", HEAP_PROGRAM, "one", "two"));
    assertEquals(new Outcome(0, "two\none\n"), runOnTheModulePath("org.example", HEAP_PROGRAM));
  }

  @Test
  void withoutTheBackendsJarTheProgramIsToldItsName() throws Exception {
    compile("-cp", allJars(), "org/example/Program.java");
    Files.delete(directory.resolve("jars/dmalloc-backend-panama.jar"));
    assertRefused(
        "no provider 'panama': here are [anon, anon-memfd, anon-zero, filechannel, managed]; add dmalloc-backend-panama.jar to the class path or module path (Maven: org.dmalloc:dmalloc-backend-panama)",
        onTheClassPath("panama"));
  }

  @Test
  void withoutAJarThatABackendNeedsTheProgramIsToldItsName() throws Exception {
    compile("-cp", allJars(), "org/example/Program.java");
    Files.delete(directory.resolve("jars/dmalloc-linux.jar"));
    assertRefused("provider 'panama' needs dmalloc-linux.jar", onTheClassPath("panama"));
    assertEquals(new Outcome(0, "filechannel has 1\n"), onTheClassPath("filechannel"));
  }

  @Test
  void onTheModulePathTheFileBackendNeedsNoNativeAccess() throws Exception {
    compile("-p", "jars", "org/example/Program.java", "module-info.java");
    for (String jar : List.of("linux", "backend-panama", "backend-anon", "manager")) {
      Files.delete(directory.resolve("jars/dmalloc-" + jar + ".jar"));
    }
    assertEquals(
        new Outcome(0, "filechannel has 1\n"), onTheModulePath("org.example", "filechannel"));
  }

  /** What the pages show is what is compiled here and in the tests of the API. */
  @Test
  void thePagesShowWhatIsCompiled() throws IOException {
    String page = Files.readString(Path.of("../docs/plain-java.md"));
    String examples =
        Files.readString(
            Path.of("../api/src/test/java/org/dmalloc/api/examples/StandaloneExamples.java"));
    assertShows(page, Files.readString(SOURCES.resolve("org/example/Program.java")));
    assertShows(
        Files.readString(Path.of("../docs/heap.md")),
        Files.readString(SOURCES.resolve("org/example/HeapProgram.java")));
    for (String region : List.of("standalone", "instances", "move")) {
      String start = "@start region=\"" + region + "\"\n";
      int from = examples.indexOf(start) + start.length();
      String shown = examples.substring(from, examples.indexOf("    // @end", from));
      assertShows(page, shown);
      if (region.equals("standalone")) {
        assertShows(Files.readString(Path.of("../README.md")), shown);
      }
    }
  }

  private static void assertShows(String page, String code) {
    String block = "```java\n" + code.stripTrailing().stripIndent() + "\n```";
    assertTrue(page.contains(block), "not shown: " + block);
  }

  private static void assertRefused(String message, Outcome outcome) {
    assertEquals(1, outcome.status(), outcome.printed());
    assertTrue(outcome.printed().contains(message), outcome.printed());
  }

  private String allJars() throws IOException {
    try (Stream<Path> jars = Files.list(directory.resolve("jars"))) {
      return jars.map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
  }

  private void compile(String path, String jars, String... sources) throws Exception {
    List<String> command = new ArrayList<>(List.of("-Xlint:all", "-Werror", "-d", "classes"));
    command.addAll(List.of(path, jars));
    for (String source : sources) {
      command.add(SOURCES.resolve(source).toAbsolutePath().toString());
    }
    assertEquals(new Outcome(0, ""), run("javac", command));
  }

  private Outcome onTheClassPath(String... providers) throws Exception {
    return runOnTheClassPath(PROGRAM, providers);
  }

  private Outcome runOnTheClassPath(String program, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("-cp", "classes" + File.pathSeparator + allJars()));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", program, "store"));
    command.addAll(List.of(arguments));
    return run("java", command);
  }

  private Outcome onTheModulePath(String nativeAccess, String... providers) throws Exception {
    return runOnTheModulePath(nativeAccess, PROGRAM, providers);
  }

  private Outcome runOnTheModulePath(String nativeAccess, String program, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("-p", "classes" + File.pathSeparator + "jars"));
    command.addAll(List.of("--enable-native-access=" + nativeAccess));
    command.addAll(List.of("--illegal-native-access=deny", "-m", "org.example/" + program));
    command.add("store");
    command.addAll(List.of(arguments));
    return run("java", command);
  }

  private Outcome run(String tool, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", tool).toString());
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), printed);
  }
}
