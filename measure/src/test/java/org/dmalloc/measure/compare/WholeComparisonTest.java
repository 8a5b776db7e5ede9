/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dmalloc.api.Capability;
import org.dmalloc.api.standalone.MemoryProviderFactory;
import org.dmalloc.api.standalone.StandaloneBackend;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.compare.setup.KernelSetting;
import org.dmalloc.measure.compare.setup.LimitSearch;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.measure.report.MeasurementListener;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.dmalloc.spi.machine.CgroupMemory;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole command on a small size, with real children, limits, swap and settings. */
class WholeComparisonTest {
  private static final KernelFiles FILES = KernelFiles.ofThisMachine();
  private static final long DEADLINE_NANOS = Duration.ofMinutes(3).toNanos();

  @TempDir private Path work;
  private Path state;
  private Path swap;
  private long swapBytes = 256L << 20;
  private long byteSize = 192L << 20;
  private Set<String> before;

  @BeforeEach
  void look() throws IOException {
    state = Files.createDirectory(work.resolve("state"));
    swap = work.resolve("swap");
    before = machine();
  }

  /**
   * Swap areas, the settings and the cgroups that a comparison may change, without what others that
   * run at the same time have of their own.
   *
   * @param ours running processes that belong to this test, besides this one
   */
  private Set<String> machine(long... ours) throws IOException {
    Set<String> found = new TreeSet<>();
    for (SwapDevice device : SwapDevice.all(FILES)) {
      if (device.kind() != SwapDevice.Kind.FILE || device.path().startsWith(work.toString())) {
        found.add("swap " + device.path());
      }
    }
    FILES.text(KernelSetting.PAGE_CLUSTER).ifPresent(value -> found.add("page-cluster " + value));
    try (Stream<Path> devices = Files.list(Path.of("/sys/block"))) {
      for (Path device : devices.toList()) {
        found.add("device " + device.getFileName());
        FILES
            .text(device + "/queue/read_ahead_kb")
            .ifPresent(value -> found.add("read-ahead " + device + " " + value));
      }
    }
    Optional<Path> groups = CgroupMemory.lowest(FILES).map(group -> group.file().getParent());
    if (groups.isPresent()) {
      try (Stream<Path> children = Files.list(groups.get())) {
        children
            .filter(path -> String.valueOf(path.getFileName()).startsWith("dmalloc-compare-"))
            .filter(path -> !isOthers(path, ours))
            .forEach(path -> found.add("cgroup " + path));
      }
    }
    return found;
  }

  private static boolean isOthers(Path group, long... ours) {
    long maker = Long.parseLong(String.valueOf(group.getFileName()).split("-", -1)[2]);
    return maker != ProcessHandle.current().pid()
        && Arrays.stream(ours).noneMatch(pid -> pid == maker)
        && ProcessHandle.of(maker).isPresent();
  }

  private static List<Path> classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(":", -1))
        .map(Path::of)
        .toList();
  }

  private static ProviderSource anonymous() {
    return new ProviderSource(
        "anon",
        "anon",
        "",
        List.of(),
        Map.of("dmalloc.backend", List.of("String:anon")),
        Set.of(Capability.ADVICE, Capability.SWAP_POLICY));
  }

  private static ProviderSource file() {
    return new ProviderSource(
        "filechannel",
        "filechannel",
        "",
        List.of(),
        Map.of("dmalloc.backend", List.of("String:filechannel")),
        Set.of(Capability.FORCE, Capability.DIRECTORY));
  }

  private ComparisonPlan plan(boolean withSwap, int runs, long cellMillis) {
    return plan(withSwap, 0, List.of(), runs, cellMillis);
  }

  private ComparisonPlan plan(
      boolean withSwap, long zramBytes, List<Integer> readAheadKib, int runs, long cellMillis) {
    return new ComparisonPlan(
        byteSize,
        144L << 20,
        work,
        new ComparisonPlan.Choice(
            List.of(ComparedWorkload.values()),
            List.of("anon:kernel", "filechannel", "buffer-pool", "heap", "malloc")),
        new ComparisonPlan.Variants(
            withSwap ? new ComparisonPlan.TemporarySwap(swap, swapBytes, 32_767) : null,
            zramBytes,
            withSwap ? List.of(0) : List.of(),
            readAheadKib,
            ComparisonPlan.Policies.DISTINCT),
        new ComparisonPlan.Effort(runs, Duration.ofHours(9), Duration.ofMillis(cellMillis)),
        42,
        state);
  }

  private static void assumeRoot(Path state) throws IOException {
    boolean settings = Files.isWritable(Path.of(KernelSetting.PAGE_CLUSTER));
    boolean limited;
    try (SetupJournal journal = SetupJournal.open(state, FILES)) {
      LimitSearch search = LimitSearch.run(journal, FILES);
      limited = search.limit().isPresent();
      System.err.println("memory limit: " + search);
    }
    String reason = "needs root for swap files, kernel settings and memory cgroups; run it as root";
    if (!settings || !limited) {
      System.err.println("WholeComparisonTest skipped: " + reason);
    }
    assumeTrue(settings && limited, reason);
  }

  @Test
  void comparesFilesAndSwapUnderALimitAndPutsAllBack() throws Exception {
    assumeRoot(state);
    ComparisonReport report =
        new Comparison(plan(true, 1, 40), List.of(anonymous(), file()), classPath(), new Printing())
            .run();
    for (ComparedWorkload workload : ComparedWorkload.values()) {
      if (workload.usesBlocks()) {
        assertEquals(
            List.of("heap", "malloc page-cluster=0"),
            report.cellsOf(workload).stream()
                .map(ComparisonReport.Cell::contender)
                .sorted()
                .toList());
      }
      for (ComparisonReport.Cell cell : report.cellsOf(workload)) {
        boolean nothingToDo =
            workload == ComparedWorkload.ALLOC_FREE && cell.contender().equals("buffer-pool");
        assertEquals(nothingToDo ? 0 : 1, cell.runs().size(), cell::toString);
        assertTrue(nothingToDo || cell.runs().getFirst().operations() > 0, cell::toString);
      }
    }
    // One run of each: nobody can tell a difference from chance.
    assertFalse(
        ComparisonTable.verdicts(report).contains("alloc 192m"), ComparisonTable.verdicts(report));
    for (ComparisonReport.Cell cell : report.cells()) {
      for (Measurement run : cell.runs()) {
        assertTrue(run.counters().peakChargedBytes() > 0, cell::toString);
        assertTrue(run.counters().peakChargedBytes() <= report.limitBytes(), cell::toString);
      }
    }
    Measurement fill = report.cellsOf(ComparedWorkload.FILL).getFirst().runs().getFirst();
    assertTrue(
        fill.counters().swapOutPages() > 0, () -> "more than the limit went to swap: " + fill);
    assertEquals(Measurement.UNKNOWN, fill.forceNanos());
    assertEquals(before, machine());
    assertFalse(Files.exists(swap));
    // A report that went through a file says the same.
    Path saved = Files.writeString(work.resolve("report.json"), Json.print(report.json()));
    ComparisonReport read = ComparisonReport.read(saved);
    assertEquals(report.text(Table.ANY_WIDTH), read.text(Table.ANY_WIDTH));
    assertTrue(ComparisonDelta.lines(read, report).stream().allMatch(line -> line.duel().draw()));
    String page = report.html();
    assertFalse(page.contains("src=\"http"), "loads nothing");
    assertTrue(page.contains("buffer pool"));
  }

  @Test
  void comparesFilesWhereThereIsNoSwapAndSaysWhatWasLeftOut() throws Exception {
    boolean none = SwapDevice.all(FILES).isEmpty();
    if (!none) {
      System.err.println("WholeComparisonTest skipped: this machine has swap");
    }
    assumeTrue(none, "this machine has swap");
    ComparisonReport report =
        new Comparison(plan(false, 2, 1), List.of(anonymous(), file()), classPath(), new Printing())
            .run();
    boolean limited = report.limitBytes() > 0;
    assertTrue(
        report.notCompared().stream()
            .anyMatch(line -> line.contains(limited ? "--swap-file PATH:" : "memory limit")),
        report.notCompared()::toString);
    assertTrue(
        report.cellsOf(ComparedWorkload.RANDOM_READ).stream()
            .filter(cell -> cell.contender().equals("filechannel"))
            .allMatch(cell -> cell.runs().size() == 2));
    assertEquals(before, machine());
  }

  @Test
  void refusesASwapFileThatIsTooSmallBeforeItMeasures() throws Exception {
    assumeRoot(state);
    assumeTrue(SwapDevice.all(FILES).isEmpty(), "this machine has swap");
    swapBytes = 1 << 20;
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new Comparison(
                        plan(true, 1, 1), List.of(anonymous(), file()), classPath(), new Printing())
                    .run());
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("--swap-file " + swap + ": 1.00 MiB is too small"), message);
    assertTrue(message.matches(".*; give " + swap + ":[0-9]+m"), message);
    assertEquals(before, machine());
    assertFalse(Files.exists(swap));
  }

  @Test
  void refusesASwapFileThatIsTooSmallBeforeItMakesIt() throws Exception {
    // No disk holds it: were it made first, the disk would refuse it.
    swapBytes = 1L << 50;
    byteSize = 1L << 51;
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new Comparison(
                        plan(true, 1, 1), List.of(anonymous(), file()), classPath(), new Printing())
                    .run());
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(" is too small for anon:kernel"), message);
    assertEquals(before, machine());
    assertFalse(Files.exists(swap));
  }

  @Test
  void refusesAtOnceWhatCannotFitIntoTheTime() throws Exception {
    ComparisonPlan plan =
        plan(false, 2, 1).with(new ComparisonPlan.Effort(2, Duration.ofSeconds(1), null));
    Printing said = new Printing();
    String refusal =
        assertThrows(
                IllegalArgumentException.class,
                () -> new Comparison(plan, List.of(anonymous(), file()), classPath(), said).run())
            .getMessage();
    assertTrue(refusal.startsWith("--time 1 is too short: "), refusal);
    assertTrue(refusal.contains("give --time "), refusal);
    assertEquals(List.of(), said.lines, "nothing was begun");
    assertEquals(before, machine());
  }

  @Test
  void endsWithItsTimeWhateverAChildDoesAndKeepsWhatWasTold() throws Exception {
    // By the estimate this fits; a provider that takes its time does not.
    ComparisonPlan plan =
        new ComparisonPlan(
            16L << 20,
            144L << 20,
            work,
            new ComparisonPlan.Choice(List.of(ComparedWorkload.RANDOM_READ), List.of("slow")),
            ComparisonPlan.Variants.NONE,
            new ComparisonPlan.Effort(1, Duration.ofSeconds(10), null),
            42,
            state);
    ProviderSource slow =
        new ProviderSource("slow", "slow", "", List.of(), Map.of(), Set.of(Capability.FORCE));
    ComparisonReport report =
        new Comparison(plan, List.of(slow), classPath(), new Printing()).run();
    assertTrue(
        report.notes().stream().anyMatch(note -> note.contains("when the 10 s were over")),
        report.notes()::toString);
    assertEquals("the time was over", report.cells().getFirst().failure());
    assertEquals(before, machine());
  }

  /** Takes for ever to start: a machine that is far slower than the estimate. */
  public static final class SlowBackend implements StandaloneBackend {
    /** As {@link java.util.ServiceLoader} makes it. */
    public SlowBackend() {}

    @Override
    public List<MemoryProviderFactory<?>> factories() {
      return List.of(
          new MemoryProviderFactory<>(
              "slow",
              InMemoryProvider.class,
              0,
              Set.of(),
              settings -> {
                while (true) {
                  LockSupport.park();
                }
              },
              InMemoryProvider::stop));
    }
  }

  @Test
  void theNextStartRemovesWhatAKilledCommandLeft() throws Exception {
    assumeRoot(state);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                KilledCommand.class.getName(),
                work.toString()));
    Process killed = new ProcessBuilder(command).inheritIO().start();
    try {
      long deadline = System.nanoTime() + DEADLINE_NANOS;
      while (machine(killed.pid()).stream().noneMatch(what -> what.startsWith("cgroup"))
          || machine().stream().noneMatch(what -> what.equals("swap " + real(swap)))) {
        assertTrue(killed.isAlive(), "it ended before it was killed");
        assertTrue(System.nanoTime() < deadline, "it set nothing up");
        Thread.onSpinWait();
      }
    } finally {
      killed.destroyForcibly();
      assertTrue(killed.waitFor(1, TimeUnit.MINUTES));
    }
    assertTrue(machine().contains("swap " + real(swap)), "swap outlives its maker");
    List<String> lines = SetupJournal.recover(state, KernelFiles.ofThisMachine());
    assertTrue(
        lines.contains("removed what a killed run left: swap file " + real(swap)), lines::toString);
    assertEquals(before, machine(), lines::toString);
    assertFalse(Files.exists(swap));
  }

  private static Path real(Path path) {
    try {
      return path.getParent().toRealPath().resolve(path.getFileName());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A comparison in a JVM of its own, long enough to be killed. */
  static final class KilledCommand {
    public static void main(String[] arguments) throws Exception {
      WholeComparisonTest test = new WholeComparisonTest();
      test.work = Path.of(arguments[0]);
      test.state = test.work.resolve("state");
      test.swap = test.work.resolve("swap");
      boolean zram = Files.isReadable(Path.of("/sys/class/zram-control/hot_add"));
      if (!zram) {
        System.err.println("without zram, which needs root and the kernel's module: modprobe zram");
      }
      new Comparison(
              test.plan(true, zram ? 64L << 20 : 0, List.of(128), 100, 2_000),
              List.of(anonymous(), file()),
              classPath(),
              new Printing())
          .run();
    }
  }

  /** Prints what a comparison says, so that a failure can be understood. */
  private static final class Printing implements MeasurementListener {
    private final List<String> lines = new ArrayList<>();

    @Override
    public void said(String line) {
      lines.add(line);
      System.err.println("compare: " + line);
    }
  }
}
