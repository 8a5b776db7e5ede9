/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.dmalloc.measure.compare.setup.KernelSetting;
import org.dmalloc.measure.compare.setup.LimitSearch;
import org.dmalloc.measure.compare.setup.MemoryLimit;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.measure.compare.setup.SwapFile;
import org.dmalloc.measure.compare.setup.ZramDevice;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.machine.MachineLoad;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.measure.report.MeasurementListener;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.MemoryInfo;
import org.dmalloc.spi.machine.Mount;
import org.jspecify.annotations.Nullable;

/**
 * Runs a comparison: sets up swap and limits, runs every contender in child JVMs in random order,
 * and undoes its changes. It first undoes the changes of an earlier comparison that was killed.
 *
 * <p>One thread uses it. An interrupt ends the child and undoes the changes before {@link
 * InterruptedException} is thrown.
 */
public final class Comparison {
  private static final long SWAP_MARGIN_BYTES = 64L << 20;

  /** The header of a swap file takes one page of any size. */
  private static final long SWAP_HEADER_BYTES = 1L << 20;

  private final ComparisonPlan plan;
  private final List<ProviderSource> providers;
  private final List<Path> ownClassPath;
  private final MeasurementListener listener;
  private final KernelFiles files = KernelFiles.ofThisMachine();
  private final List<String> notes = new ArrayList<>();
  private final List<String> notCompared = new ArrayList<>();
  private final long begin = System.nanoTime();

  /**
   * Takes as {@code ownClassPath} the jars and directories with this class and its dependencies.
   */
  public Comparison(
      ComparisonPlan plan,
      List<ProviderSource> providers,
      List<Path> ownClassPath,
      MeasurementListener listener) {
    this.plan = plan;
    this.providers = List.copyOf(providers);
    this.ownClassPath = List.copyOf(ownClassPath);
    this.listener = listener;
  }

  private static Path journals(@Nullable Path stateDirectory) throws IOException {
    return stateDirectory == null ? SetupJournal.defaultDirectory() : stateDirectory;
  }

  /** Throws an {@link IOException} if a requested setting fails, or cannot be undone. */
  public ComparisonReport run() throws IOException, InterruptedException {
    ComparisonPlan.TemporarySwap wanted = plan.variants().swapFile();
    if (wanted != null) {
      SwapFile.requireAbsent(wanted.path());
    }
    Path journals = journals(plan.stateDirectory());
    for (String line : SetupJournal.recover(journals, files)) {
      notes.add(line);
      listener.said(line);
    }
    Files.createDirectories(plan.directory());
    try (SetupJournal journal = SetupJournal.open(journals, files)) {
      try {
        return compare(journal);
      } catch (IOException e) {
        if (!journal.closed()) {
          throw e;
        }
        // A signal ends the process; its hook has undone the changes, which is why this failed.
        InterruptedException ended = new InterruptedException("ended by a signal");
        ended.initCause(e);
        throw ended;
      }
    }
  }

  private ComparisonReport compare(SetupJournal journal) throws IOException, InterruptedException {
    Instant started = Instant.now();
    MachineLoad loadBefore = MachineLoad.read(files);
    Optional<MemoryLimit> limit = findLimit(journal);
    Optional<Mount> mount = Mount.holding(files, plan.directory().toRealPath());
    Optional<BlockDevice> disk = mount.flatMap(m -> BlockDevice.of(files, m));
    List<Contender> candidates =
        ContenderList.of(plan, available(), disk.map(BlockDevice::readAheadFile).orElse(null));
    Set<String> ownSwap = new LinkedHashSet<>();
    ComparisonPlan.TemporarySwap wanted = plan.variants().swapFile();
    if (wanted != null) {
      requireEnough(wanted, candidates, limit.isPresent());
      ownSwap.add(
          SwapFile.create(journal, wanted.path(), wanted.byteSize(), wanted.priority()).path());
    }
    if (plan.variants().zramBytes() > 0) {
      ownSwap.add(
          ZramDevice.create(journal, plan.variants().zramBytes(), SwapFile.HIGHEST_PRIORITY)
              .path());
      notes.add("zram: the pages of these workloads hold random bytes and do not compress");
    }
    List<SwapDevice> swap = SwapDevice.all(files);
    List<Contender> contenders = comparable(candidates, swap, limit.isPresent());
    ContenderList.leftOut(plan)
        .forEach(
            (name, other) ->
                notes.add(name + ": like " + other + ", not measured; -c all has it too"));
    checkSettings(journal, contenders);
    if (disk.isEmpty()) {
      notes.add(
          plan.directory()
              + " is on "
              + mount.map(Mount::type).orElse("an unknown file system")
              + ", which has no disk below it: files there are memory");
    }
    TimeFit.require(plan, contenders);
    Rounds rounds =
        new Rounds(
            plan,
            contenders,
            ownClassPath,
            limit.orElse(null),
            journal,
            devices(disk, swap),
            listener,
            begin);
    rounds.run();
    notes.addAll(rounds.notes());
    return new ComparisonReport(
        ComparisonReport.FORMAT,
        started.truncatedTo(ChronoUnit.SECONDS).toString(),
        Duration.between(started, Instant.now()).toMillis() / 1000.0,
        plan.byteSize(),
        limit.isPresent() ? plan.limitBytes() : 0,
        limit.map(MemoryLimit::description).orElse("no limit was permitted"),
        rounds.cellSeconds(),
        plan.effort().runs(),
        plan.seed(),
        plan.directory().toRealPath()
            + " on "
            + mount.map(Mount::type).orElse("unknown")
            + ", "
            + disk.map(BlockDevice::description).orElse("no disk"),
        files.text(KernelSetting.PAGE_CLUSTER).orElse("unknown"),
        swap,
        MachineDescription.read(files),
        rounds.entrants(),
        rounds.cells(),
        obstacles(limit.isPresent(), contenders, ownSwap, swap, loadBefore),
        notCompared,
        notes);
  }

  private List<String> obstacles(
      boolean limited,
      List<Contender> contenders,
      Set<String> ownSwap,
      List<SwapDevice> swapBefore,
      MachineLoad loadBefore) {
    List<String> obstacles =
        new ArrayList<>(
            Obstacles.size(
                plan.byteSize(),
                limited ? plan.limitBytes() : 0,
                Rounds.dataLimit(plan.limitBytes()),
                MemoryInfo.bytes(files, "MemTotal").orElse(0)));
    if (contenders.stream().anyMatch(contender -> contender.family() == Family.SWAP)) {
      obstacles.addAll(Obstacles.swap(ownSwap, swapBefore, SwapDevice.all(files)));
    }
    obstacles.addAll(
        Obstacles.load(
            loadBefore, MachineLoad.read(files), Runtime.getRuntime().availableProcessors()));
    return obstacles;
  }

  private Optional<MemoryLimit> findLimit(SetupJournal journal) {
    LimitSearch search = LimitSearch.run(journal, files);
    if (search.limit().isEmpty()) {
      notCompared.add("a memory limit of " + Units.bytes(plan.limitBytes()));
      search.reasons().forEach(reason -> notCompared.add("  " + reason));
    }
    return search.limit();
  }

  private List<ProviderSource> available() {
    providers.stream()
        .filter(provider -> !provider.unavailable().isEmpty())
        .forEach(provider -> notCompared.add(provider.name() + ": " + provider.unavailable()));
    return providers.stream().filter(provider -> provider.unavailable().isEmpty()).toList();
  }

  /** The swap that the data needs beyond RAM; negative if it needs none. */
  private long neededSwap(boolean limited) {
    long available = MemoryInfo.bytes(files, "MemAvailable").orElse(0);
    return plan.byteSize() + SWAP_MARGIN_BYTES - (limited ? plan.limitBytes() : available);
  }

  private static long free(List<SwapDevice> swap) {
    return swap.stream().mapToLong(device -> device.byteSize() - device.usedBytes()).sum();
  }

  /** Rejects a swap file that is too small for the data beyond RAM, before it is created. */
  private void requireEnough(
      ComparisonPlan.TemporarySwap given, List<Contender> all, boolean limited) {
    long needed =
        neededSwap(limited)
            + SWAP_HEADER_BYTES
            - free(SwapDevice.all(files))
            - plan.variants().zramBytes();
    List<String> swapping =
        all.stream().filter(c -> c.family() == Family.SWAP).map(Contender::id).toList();
    if (!swapping.isEmpty() && needed > given.byteSize()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--swap-file %s: %s is too small for %s; give %s:%dm",
              given.path(),
              Units.bytes(given.byteSize()),
              String.join(", ", swapping),
              given.path(),
              Math.ceilDiv(needed, 1L << 20)));
    }
  }

  /** Leaves out contenders that the limit would kill or that would measure something else. */
  private List<Contender> comparable(List<Contender> all, List<SwapDevice> swap, boolean limited) {
    long free = free(swap);
    long missing = neededSwap(limited) - free;
    List<Contender> left = new ArrayList<>();
    List<String> swapless = new ArrayList<>();
    for (Contender contender : all) {
      if (contender.family() == Family.SWAP && missing > 0) {
        swapless.add(contender.id());
      } else if (contender.budgeted() && !limited) {
        notCompared.add(contender.id() + ": a resident budget means nothing without a limit");
      } else if (contender.budgeted() && contender.family() == Family.SWAP && free <= 0) {
        notCompared.add(
            contender.id() + ": without swap nothing can be paged out to keep a budget");
      } else {
        left.add(contender);
      }
    }
    if (!swapless.isEmpty()) {
      long neededMebibytes = Math.ceilDiv(missing + free + SWAP_MARGIN_BYTES, 1L << 20);
      notCompared.add(
          String.format(
              Locale.ROOT,
              "%s: swap has %s free and %s more is needed; as root give --swap-file PATH:%dm",
              String.join(", ", swapless),
              Units.bytes(free),
              Units.bytes(missing),
              neededMebibytes));
    }
    if (left.isEmpty()) {
      throw new IllegalArgumentException(
          "nothing can be compared here: " + String.join("; ", notCompared));
    }
    return left;
  }

  /** Tries settings before the first measurement, so that a bad one fails at once. */
  private static void checkSettings(SetupJournal journal, List<Contender> contenders)
      throws IOException {
    for (Contender contender : contenders) {
      for (var setting : contender.settings().entrySet()) {
        journal.takeBack(KernelSetting.set(journal, setting.getKey(), setting.getValue()));
      }
    }
  }

  private List<String> devices(Optional<BlockDevice> disk, List<SwapDevice> swap) {
    return Stream.concat(disk.stream(), swap.stream().flatMap(area -> area.disk(files).stream()))
        .map(BlockDevice::name)
        .distinct()
        .toList();
  }
}
