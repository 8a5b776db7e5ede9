/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.dmalloc.benchmarks.peers.child.PeerSubject;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.child.RowRun;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.compare.child.ChildRun;
import org.dmalloc.measure.compare.child.ChildTask;
import org.dmalloc.measure.compare.setup.LimitSearch;
import org.dmalloc.measure.compare.setup.LimitedJvm;
import org.dmalloc.measure.compare.setup.MemoryLimit;
import org.dmalloc.measure.compare.setup.ScratchDirectory;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.measure.disk.DirectLoop;
import org.dmalloc.measure.disk.Fio;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.disk.RawSurvey;
import org.dmalloc.measure.disk.RawSurveyor;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;
import org.jspecify.annotations.Nullable;

/**
 * Runs a comparison: every contender in each run once, in random order, in a JVM of its own inside
 * the limit. What it makes on the machine stands in a journal and is taken back at the end, at an
 * interrupt and at a signal; what a killed one left, at the next start.
 *
 * <p>Belongs to the calling thread; an interrupt ends the JVM that runs and takes all back.
 */
final class PeerComparison {
  private static final Gson GSON = new Gson();
  private static final long HEAP_BYTES = 96L << 20;

  /** What a JVM has in RAM besides its data. */
  private static final long JVM_BYTES = 128L << 20;

  /** Of a cache's size, for the objects by which it keeps its pages. */
  private static final int CACHE_HEAP_SHARE = 20;

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration UNLIMITED = Duration.ofDays(365);

  /** A small store on which all rows run first, so that their code is compiled. */
  private static final long REHEARSAL_BYTES = 8L << 20;

  private static final long REHEARSAL_NANOS = 60_000_000;

  /** How many times a row's time the fill may take. */
  private static final int FILL_CELLS = 5;

  private static final Duration RAW_TIME = Duration.ofMillis(500);

  private final PeerPlan plan;
  private final List<Path> classPath;
  private final Path journals;
  private final Consumer<String> listener;
  private final KernelFiles files = KernelFiles.ofThisMachine();
  private final Map<String, Map<Row, List<RowRun>>> runs = new LinkedHashMap<>();
  private final Map<String, Map<Row, String>> reasons = new LinkedHashMap<>();
  private final Map<String, String> storeNotes = new LinkedHashMap<>();
  private final List<RawSurvey> raw = new ArrayList<>();
  private final Set<String> notes = new LinkedHashSet<>();

  /**
   * Prepares one.
   *
   * @param classPath what a child JVM needs
   * @param journals the directory for the journal of what is made on the machine
   * @param listener hears what goes on, in lines
   */
  PeerComparison(PeerPlan plan, List<Path> classPath, Path journals, Consumer<String> listener) {
    this.plan = plan;
    this.classPath = List.copyOf(classPath);
    this.journals = journals;
    this.listener = listener;
    for (Peer peer : plan.peers()) {
      runs.put(peer.id(), new EnumMap<>(Row.class));
      reasons.put(peer.id(), new EnumMap<>(Row.class));
    }
  }

  /**
   * Runs it.
   *
   * @throws IOException if the limit is not to be had, or something could not be put back
   */
  PeerReport run() throws IOException, InterruptedException {
    SetupJournal.recover(journals, files).forEach(listener);
    Files.createDirectories(plan.directory());
    try (SetupJournal journal = SetupJournal.open(journals, files)) {
      Path scratch =
          plan.directory().toRealPath().resolve(".dmalloc-peers-" + ProcessHandle.current().pid());
      ScratchDirectory.create(journal, scratch);
      return compare(journal, scratch);
    }
  }

  private PeerReport compare(SetupJournal journal, Path scratch)
      throws IOException, InterruptedException {
    Instant started = Instant.now();
    MemoryLimit limit = plan.limitBytes() == 0 ? null : limit(journal);
    Optional<Mount> mount = Mount.holding(files, scratch);
    Optional<BlockDevice> disk = mount.flatMap(m -> BlockDevice.of(files, m));
    if (disk.isEmpty()) {
      notes.add(
          String.format(
              Locale.ROOT, "there is no disk below %s: files there are memory", plan.directory()));
    }
    if (limit == null) {
      notes.add(
          "without a limit the page cache may hold all of the data: rows that come back to a page measure RAM");
    }
    RawSurveyor surveyor = new RawSurveyor(rawTools(), RAW_TIME);
    for (int run = 1; run <= plan.runs(); run++) {
      listener.accept(String.format(Locale.ROOT, "run %d of %d: the raw disk", run, plan.runs()));
      RawSurvey survey =
          surveyor.surveyDirectory(
              "raw", scratch, plan.byteSize(), EnumSet.allOf(RawPattern.class));
      raw.add(new RawSurvey(survey.subject(), "a scratch file", survey.figures(), survey.notes()));
      notes.addAll(survey.notes());
      List<Peer> order = new ArrayList<>(plan.peers());
      Collections.shuffle(order, new Random(plan.seed() + run));
      for (Peer peer : order) {
        run(run, peer, limit, scratch, disk.map(BlockDevice::name).orElse(""));
      }
      if (run == 1 && plan.runs() > 1) {
        long seconds = Duration.between(started, Instant.now()).toSeconds();
        listener.accept(
            String.format(
                Locale.ROOT,
                "the first run took %d s, so that all will take about %.0f min",
                seconds,
                Math.ceil(seconds * plan.runs() / 60.0)));
      }
    }
    return new PeerReport(
        PeerReport.FORMAT,
        started.truncatedTo(ChronoUnit.SECONDS).toString(),
        Duration.between(started, Instant.now()).toMillis() / 1000.0,
        plan.byteSize(),
        plan.limitBytes(),
        limit == null ? "no limit" : limit.description().replaceFirst(" below .*", ""),
        plan.runs(),
        plan.cellTime().toMillis() / 1000.0,
        storage(mount, disk),
        MachineDescription.read(files),
        entrants(),
        cells(),
        raw,
        List.copyOf(notes));
  }

  private MemoryLimit limit(SetupJournal journal) throws IOException {
    LimitSearch search = LimitSearch.run(journal, files);
    return search
        .limit()
        .orElseThrow(
            () ->
                new IOException(
                    String.format(
                        Locale.ROOT,
                        "no memory limit is permitted here: %s; or give --no-limit and a --size above the machine's memory",
                        String.join("; ", search.reasons()))));
  }

  private static List<RawDisk> rawTools() throws InterruptedException {
    List<RawDisk> tools = new ArrayList<>();
    try {
      tools.add(Fio.find("fio"));
    } catch (IOException e) {
      // The loop of our own takes its place; each figure names what made it.
    }
    tools.add(new DirectLoop());
    return tools;
  }

  private long cacheBytes() {
    long left =
        plan.limitBytes() == 0
            ? plan.byteSize() / 4
            : Math.max(plan.limitBytes() / 2, plan.limitBytes() - JVM_BYTES);
    return Math.min(plan.byteSize(), left - left / CACHE_HEAP_SHARE);
  }

  private void run(int run, Peer peer, @Nullable MemoryLimit limit, Path scratch, String device)
      throws IOException, InterruptedException {
    LimitedJvm jvm =
        new LimitedJvm(
            PeerSubject.class.getName(),
            classPath,
            HEAP_BYTES + (peer.id().equals("pool") ? cacheBytes() / CACHE_HEAP_SHARE : 0),
            peer.jvmOptions(),
            PATIENCE);
    MemoryLimit.Place place = limit == null ? null : limit.create(plan.limitBytes());
    try {
      keep(
          peer,
          ChildRun.run(
              jvm,
              task(run, peer, scratch, device, place == null ? "" : place.peakFile()),
              place,
              row ->
                  listener.accept(
                      String.format(
                          Locale.ROOT, "run %d of %d: %s %s", run, plan.runs(), peer.id(), row)),
              UNLIMITED));
    } finally {
      if (place != null) {
        place.close();
      }
      ScratchDirectory.empty(scratch);
    }
  }

  private ChildTask task(int run, Peer peer, Path scratch, String device, String peakFile) {
    List<Row> order = new ArrayList<>(plan.rows());
    Collections.shuffle(order, new Random(plan.seed() * 31 + run));
    order.remove(Row.FILL);
    long pages = plan.byteSize() / PageContent.PAGE_BYTES;
    return new ChildTask(
        GSON.toJson(new PeerSubject.Spec(peer.id(), cacheBytes())),
        scratch.toString(),
        pages * PageContent.PAGE_BYTES,
        REHEARSAL_BYTES,
        REHEARSAL_NANOS,
        new RunOptions(
            Start.COLD,
            RunOptions.Timing.EACH,
            1,
            0,
            false,
            FILL_CELLS * plan.cellTime().toNanos(),
            RunOptions.UNLIMITED,
            0,
            plan.seed(),
            0),
        plan.rows().contains(Row.FILL),
        cacheBytes(),
        order.stream()
            .map(row -> row.step(pages, plan.cellTime().toNanos(), plan.seed(), run))
            .toList(),
        device.isEmpty() ? List.of() : List.of(device),
        peakFile);
  }

  private void keep(Peer peer, ChildRun.Result result) {
    if (!result.note().isEmpty()) {
      storeNotes.put(peer.id(), result.note());
    }
    Map<Row, List<RowRun>> own = runs.getOrDefault(peer.id(), Map.of());
    Map<Row, String> missing = reasons.getOrDefault(peer.id(), Map.of());
    for (ChildRun.Done done : result.done()) {
      Row row = Row.named(done.step());
      own.computeIfAbsent(row, r -> new ArrayList<>())
          .add(
              row == Row.FILL
                  ? RowRun.fill(done.runs().getFirst(), result.openNanos())
                  : RowRun.of(row, plan.byteSize() / PageContent.PAGE_BYTES, done.runs()));
    }
    result.lacks().forEach((row, reason) -> missing.put(Row.named(row), reason));
    result
        .failures()
        .forEach(
            (row, reason) -> {
              missing.put(Row.named(row), reason);
              note(String.format(Locale.ROOT, "%s %s: %s", peer.id(), row, reason));
            });
    if (!result.broken().isEmpty()) {
      note(String.format(Locale.ROOT, "%s: %s", peer.id(), result.broken()));
      for (Row row : plan.rows()) {
        if (result.done().stream().noneMatch(done -> done.step().equals(row.label()))) {
          missing.putIfAbsent(row, result.broken());
        }
      }
    }
  }

  private void note(String line) {
    notes.add(line);
    listener.accept(line);
  }

  private List<PeerReport.Entrant> entrants() {
    return plan.peers().stream()
        .map(
            peer ->
                new PeerReport.Entrant(
                    peer.id(),
                    peer.family(),
                    peer.library(),
                    peer.licence(),
                    peer.settings(),
                    storeNotes.getOrDefault(peer.id(), "")))
        .toList();
  }

  private List<PeerReport.Cell> cells() {
    List<PeerReport.Cell> cells = new ArrayList<>();
    for (Row row : Row.values()) {
      if (plan.rows().contains(row)) {
        for (Peer peer : plan.peers()) {
          cells.add(
              new PeerReport.Cell(
                  row,
                  peer.id(),
                  runs.getOrDefault(peer.id(), Map.of()).getOrDefault(row, List.of()),
                  reasons.getOrDefault(peer.id(), Map.of()).getOrDefault(row, "")));
        }
      }
    }
    return cells;
  }

  private static String storage(Optional<Mount> mount, Optional<BlockDevice> disk) {
    return String.format(
        Locale.ROOT,
        "%s, %s",
        mount.map(Mount::type).orElse("unknown file system"),
        disk.map(
                device ->
                    String.format(
                        Locale.ROOT,
                        "%s %s, read-ahead %s KiB, rotational %s",
                        device.name(),
                        device.model(),
                        device.readAheadKib().isPresent()
                            ? String.valueOf(device.readAheadKib().getAsLong())
                            : "unknown",
                        device.rotational().map(r -> r ? "yes" : "no").orElse("unknown")))
            .orElse("no disk"));
  }
}
