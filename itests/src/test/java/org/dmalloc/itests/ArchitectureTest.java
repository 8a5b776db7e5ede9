/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.StringEntry;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The rules of docs/architecture.md, held against the classes that were built. */
class ArchitectureTest {
  /** A module's package, and the packages of others that it may see. */
  private static final Map<String, Set<String>> MAY_SEE =
      new TreeMap<>(
          Map.ofEntries(
              entry("org.dmalloc.api", Set.of()),
              entry("org.dmalloc.spi", Set.of("api")),
              entry("org.dmalloc.linux", Set.of("api", "spi")),
              entry("org.dmalloc.backend.filechannel", Set.of("api", "spi")),
              entry("org.dmalloc.backend.panama", Set.of("api", "spi", "linux")),
              entry("org.dmalloc.backend.anon", Set.of("api", "spi", "linux")),
              entry("org.dmalloc.manager", Set.of("api", "spi")),
              entry("org.dmalloc.heap", Set.of("api")),
              entry("org.dmalloc.shared", Set.of("api", "linux")),
              entry("org.dmalloc.backup", Set.of("api")),
              entry("org.dmalloc.backup.s3", Set.of("api", "backup")),
              entry("org.dmalloc.report", Set.of("api")),
              entry(
                  "org.dmalloc.measure", Set.of("api", "backup", "heap", "linux", "report", "spi")),
              entry("org.dmalloc.shell", Set.of("api", "backup", "heap", "report", "shared")),
              entry(
                  "org.dmalloc.shell.measure", Set.of("api", "heap", "measure", "report", "shell")),
              entry("org.dmalloc.testkit", Set.of("api", "spi"))));

  private static final Pattern MODULE =
      Pattern.compile(
          "(org\\.dmalloc\\.(?:shell\\.measure|backup\\.s3|(?:backend\\.)?[a-z]+))(?:\\..*)?");

  private static final JavaClasses SUITE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("/test-classes/"))
          .importPackages("org.dmalloc");

  private static String module(JavaClass type) {
    Matcher module = MODULE.matcher(type.getPackageName());
    return module.matches() ? module.group(1) : type.getPackageName();
  }

  @Test
  void everyModuleIsLookedAt() {
    Set<String> found = new TreeSet<>();
    SUITE.forEach(type -> found.add(module(type)));
    assertEquals(
        new TreeSet<>(MAY_SEE.keySet()),
        found,
        "modules in MAY_SEE, and modules built; a new one also gets a row in docs/architecture.md");
  }

  @Test
  void importsPointOneWay() {
    for (Map.Entry<String, Set<String>> each : MAY_SEE.entrySet()) {
      Set<String> allowed = new TreeSet<>(Set.of(each.getKey()));
      each.getValue().forEach(other -> allowed.add("org.dmalloc." + other));
      noClasses()
          .that(describe("in " + each.getKey(), type -> module(type).equals(each.getKey())))
          .should()
          .dependOnClassesThat(
              resideInAPackage("org.dmalloc..")
                  .and(describe("outside " + allowed, type -> !allowed.contains(module(type)))))
          .because("imports point one way: see docs/architecture.md")
          .allowEmptyShould(false)
          .check(SUITE);
    }
  }

  /** A package of `measure`, without those inside it, and its neighbours that it may see. */
  private static final Map<String, Set<String>> MEASURE_MAY_SEE =
      Map.ofEntries(
          Map.entry("", Set.of(".machine")),
          Map.entry(".machine", Set.of()),
          Map.entry(".report", Set.of()),
          Map.entry(".disk", Set.of("")),
          Map.entry(".doctor..", Set.of(".machine", ".report")),
          Map.entry(".bench..", Set.of("", ".disk", ".machine", ".report")),
          Map.entry(".heap..", Set.of("", ".machine", ".report")),
          Map.entry(".compare..", Set.of("", ".container", ".disk", ".machine", ".report")),
          Map.entry(".container", Set.of()),
          Map.entry(".chaos..", Set.of(".compare.setup", ".container", ".machine", ".report")),
          Map.entry(".move..", Set.of("", ".machine", ".report")));

  @Test
  void whatMeasuresDependsOnTheEngineAndNeverBack() {
    String measure = "org.dmalloc.measure";
    MEASURE_MAY_SEE.forEach(
        (name, neighbours) -> {
          List<String> allowed = new ArrayList<>(List.of(measure + name));
          neighbours.forEach(other -> allowed.add(measure + other));
          noClasses()
              .that()
              .resideInAPackage(measure + name)
              .should()
              .dependOnClassesThat(
                  resideInAPackage(measure + "..")
                      .and(
                          DescribedPredicate.not(
                              resideInAnyPackage(allowed.toArray(String[]::new)))))
              .because(
                  "bench, compare, heap, move and doctor use the engine, not each other;"
                      + " chaos takes back what it changes as compare does")
              .allowEmptyShould(false)
              .check(SUITE);
        });
    String[] known =
        MEASURE_MAY_SEE.keySet().stream().map(name -> measure + name).toArray(String[]::new);
    classes()
        .that()
        .resideInAPackage(measure + "..")
        .should()
        .resideInAnyPackage(known)
        .check(SUITE);
  }

  @Test
  void modulesHaveNoCycles() {
    slices().matching("org.dmalloc.(*)..").should().beFreeOfCycles().check(SUITE);
  }

  @Test
  void packagesOfAModuleHaveNoCycles() {
    slices().matching("org.dmalloc.(**)").should().beFreeOfCycles().check(SUITE);
  }

  @Test
  void downcallsLiveInLinuxAlone() {
    downcallsOutside("org.dmalloc.linux..").forEach(rule -> rule.check(SUITE));
  }

  /** The same rules say no where there are downcalls: they look at what they should. */
  @Test
  void downcallRulesFindTheDowncallsInLinux() {
    for (ArchRule rule : downcallsOutside("org.dmalloc.nowhere..")) {
      assertThrows(AssertionError.class, () -> rule.check(SUITE), rule.getDescription());
    }
  }

  /** Gives memory that it was given the shorter life of a section, in a mode for tests. */
  private static final String CHECKED_SECTIONS = "org.dmalloc.spi.region.CheckedSections";

  private static final String BLOCK_ARENA = "org.dmalloc.heap.allocator.BlockArena";

  /** Plays native code that keeps an address too long, in a test. */
  private static final String STRAY_USE = "org.dmalloc.testkit.StrayUseMain";

  private static List<ArchRule> downcallsOutside(String place) {
    return List.of(
        noClasses()
            .that()
            .resideOutsideOfPackage(place)
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(
                Linker.class, FunctionDescriptor.class, SymbolLookup.class, MethodHandle.class),
        noClasses()
            .that()
            .resideOutsideOfPackage(place)
            .and()
            .doNotHaveFullyQualifiedName(CHECKED_SECTIONS)
            .and()
            .doNotHaveFullyQualifiedName(BLOCK_ARENA)
            .and()
            .doNotHaveFullyQualifiedName(STRAY_USE)
            .should()
            .callMethodWhere(
                describe(
                    "MemorySegment.reinterpret",
                    call ->
                        call.getTarget().getOwner().isEquivalentTo(MemorySegment.class)
                            && call.getName().equals("reinterpret"))));
  }

  /**
   * They read ordinary files, and two the lists of mappings and limits of the process, which answer
   * small reads too. Whoever is new here reads no file of /proc or /sys.
   */
  private static final Set<String> READ_ORDINARY_FILES =
      Set.of(
          "org.dmalloc.spi.region.ThreadsById",
          "org.dmalloc.backup.directory.DirectoryStore",
          "org.dmalloc.backup.keeping.FollowingRegions",
          "org.dmalloc.backup.keeping.KeepRecords",
          "org.dmalloc.backup.keeping.Spool",
          "org.dmalloc.shell.command.CommandFailure",
          "org.dmalloc.shell.heap.ProcessFaults",
          "org.dmalloc.shell.memory.ContentCommands",
          "org.dmalloc.testkit.ChildJvm",
          "org.dmalloc.testkit.DoomedJvm",
          "org.dmalloc.testkit.LostBackingContract",
          "org.dmalloc.testkit.PeerJvm",
          "org.dmalloc.testkit.StrayUse",
          "org.dmalloc.testkit.StoreContract",
          "org.dmalloc.report.Json",
          "org.dmalloc.measure.chaos.Outcome",
          "org.dmalloc.measure.chaos.model.Book",
          "org.dmalloc.measure.compare.setup.SetupJournal",
          "org.dmalloc.measure.disk.ExternalProgram",
          "org.dmalloc.testkit.ContractTheme");

  /**
   * A file in /proc/sys answers a single read(2), and these ask for one byte first: they get the
   * first digit. KernelFiles is the one reader of such files.
   */
  @Test
  void filesOfTheKernelAreReadByKernelFilesAlone() {
    Set<String> small =
        Set.of("readString", "readAllLines", "readAllBytes", "lines", "newBufferedReader");
    Set<String> found = new TreeSet<>();
    for (JavaClass type : SUITE) {
      type.getMethodCallsFromSelf().stream()
          .filter(call -> call.getTargetOwner().isEquivalentTo(Files.class))
          .filter(call -> small.contains(call.getName()))
          .forEach(call -> found.add(type.getName().replaceFirst("\\$.*", "")));
    }
    assertEquals(new TreeSet<>(READ_ORDINARY_FILES), found, "classes that read files whole");
  }

  /**
   * They name files of /proc and /sys beside {@code spi.machine}: for calls on descriptors, as
   * links or to write to them; without {@code spi} at hand; or, in {@code measure.machine}, to
   * count for reports what no backend asks.
   */
  private static final Set<String> NAME_KERNEL_FILES =
      Set.of(
          "org.dmalloc.linux.LocatedFile",
          "org.dmalloc.linux.OpenFile",
          "org.dmalloc.linux.Ownership",
          "org.dmalloc.linux.Pagemap",
          "org.dmalloc.spi.store.FileFate",
          "org.dmalloc.backup.keeping.Owner",
          "org.dmalloc.measure.chaos.SystemLeaks",
          "org.dmalloc.measure.chaos.worker.OwnLeaks",
          "org.dmalloc.measure.compare.setup.Cleaner",
          "org.dmalloc.measure.compare.setup.ZramDevice",
          "org.dmalloc.measure.machine.BlockDevice",
          "org.dmalloc.measure.machine.MachineDescription",
          "org.dmalloc.measure.machine.MachineLoad",
          "org.dmalloc.measure.machine.KernelCounter",
          "org.dmalloc.measure.machine.SwapDevice",
          "org.dmalloc.shell.command.CommandFailure",
          "org.dmalloc.shell.heap.ProcessFaults",
          "org.dmalloc.testkit.ContractTheme",
          "org.dmalloc.testkit.ManyRegions",
          "org.dmalloc.testkit.MemoryGroup");

  @Test
  void filesOfTheKernelAreNamedBySpiMachine() throws Exception {
    Set<String> found = new TreeSet<>();
    for (JavaClass type : SUITE) {
      try (InputStream code = type.getSource().orElseThrow().getUri().toURL().openStream()) {
        for (PoolEntry entry : ClassFile.of().parse(code.readAllBytes()).constantPool()) {
          if (entry instanceof StringEntry text && text.stringValue().matches("/(proc|sys)/.+")) {
            found.add(type.getName().replaceFirst("\\$.*", ""));
          }
        }
      }
    }
    found.removeIf(name -> name.startsWith("org.dmalloc.spi.machine."));
    assertEquals(new TreeSet<>(NAME_KERNEL_FILES), found, "classes that name such a file");
  }

  @Test
  void bundlesDoNotPrint() {
    noClasses().should(ACCESS_STANDARD_STREAMS).check(SUITE);
  }

  @Test
  void namesSayTheMechanism() {
    Pattern vague = Pattern.compile(".*(Utils?|Helpers?|Common|Impl)|I[A-Z][a-z].*");
    each(
        type ->
            assertTrue(
                !vague.matcher(type.getSimpleName()).matches(),
                type.getName() + ": name a class by its mechanism"));
  }

  @Test
  void classesAreFinalOrSealedOrMeantToBeExtended() {
    classes()
        .that()
        .areNotInterfaces()
        .and()
        .areTopLevelClasses()
        .and(describe("not sealed", type -> !type.reflect().isSealed()))
        .should()
        .haveModifier(JavaModifier.FINAL)
        .orShould()
        .haveModifier(JavaModifier.ABSTRACT)
        .orShould()
        .beAssignableTo(Throwable.class)
        .check(SUITE);
  }

  private static void each(Consumer<JavaClass> check) {
    for (JavaClass type : SUITE) {
      check.accept(type);
    }
  }
}
