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
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.dmalloc.benchmarks.peers.child.PeerSubject;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.child.RowRun;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.compare.child.ChildRun;
import org.dmalloc.measure.compare.child.ChildTask;
import org.dmalloc.measure.compare.child.Findings;
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
 * Runs a comparison: every contender once in each run, in random order, in a limited JVM of its
 * own. Changes to the machine are journalled and undone at the end, at an interrupt and at a
 * signal; the next start undoes those of a killed comparison.
 *
 * <p>One thread uses it; an interrupt ends the current JVM first.
 */
final class PeerComparison {
  private static final long HEAP_BYTES = 96L << 20;

  /** A JVM's memory besides its data. */
  private static final long JVM_BYTES = 128L << 20;

  /** A fraction of a cache's size for its entry objects. */
  private static final int CACHE_HEAP_SHARE = 20;

  /** How long a JVM may print nothing. */
  private static final Duration SILENCE = Duration.ofMinutes(3);

  /** A small store on which all rows run first, so that their code is compiled. */
  private static final long REHEARSAL_BYTES = 8L << 20;

  private static final long REHEARSAL_NANOS = 60_000_000;

  /** The limit of the fill in multiples of a row's time. */
  private static final int FILL_CELLS = 5;

  private static final Duration RAW_TIME = Duration.ofMillis(500);

  private final PeerPlan plan;
  private final List<Path> classPath;
  private final Path journals;
  private final Consumer<String> listener;
  private final KernelFiles files = KernelFiles.ofThisMachine();
  private final Findings<Row, RowRun> findings;
  private final List<RawSurvey> raw = new ArrayList<>();
  private final Set<String> notes = new LinkedHashSet<>();

  /** Keeps the journal of changes in {@code journals}. */
  PeerComparison(PeerPlan plan, List<Path> classPath, Path journals, Consumer<String> listener) {
    this.plan = plan;
    this.classPath = List.copyOf(classPath);
    this.journals = journals;
    this.listener = listener;
    long pages = plan.byteSize() / PageContent.PAGE_BYTES;
    findings =
        new Findings<>(
            plan.rows(),
            Row::named,
            (result, done) ->
                RowRun.of(Row.named(done.step()), pages, done.runs(), result.openNanos()));
  }

  /** Throws an {@link IOException} if there is no limit, or a change cannot be undone. */
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
      notes.add("there is no disk below " + plan.directory() + ": files there are memory");
    }
    if (limit == null) {
      notes.add(
          "without a limit the page cache may hold all of the data: rows that come back to a page measure RAM");
    }
    RawSurveyor surveyor = new RawSurveyor(rawTools(), RAW_TIME);
    for (int run = 1; run <= plan.runs(); run++) {
      listener.accept("run " + run + " of " + plan.runs() + ": the raw disk");
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
        mount.map(Mount::type).orElse("unknown file system")
            + ", "
            + disk.map(BlockDevice::description).orElse("no disk"),
        MachineDescription.read(files),
        plan.peers().stream().map(this::entrant).toList(),
        findings.cells(plan.peers().stream().map(Peer::id).toList(), PeerReport.Cell::new).toList(),
        raw,
        List.copyOf(notes));
  }

  private PeerReport.Entrant entrant(Peer peer) {
    return new PeerReport.Entrant(
        peer.id(),
        peer.family(),
        peer.library(),
        peer.licence(),
        peer.settings(),
        findings.note(peer.id()));
  }

  private MemoryLimit limit(SetupJournal journal) throws IOException {
    LimitSearch search = LimitSearch.run(journal, files);
    return search
        .limit()
        .orElseThrow(
            () ->
                new IOException(
                    "no memory limit is permitted here: "
                        + String.join("; ", search.reasons())
                        + "; or give --no-limit and a --size above the machine's memory"));
  }

  private static List<RawDisk> rawTools() throws InterruptedException {
    List<RawDisk> tools = new ArrayList<>();
    try {
      tools.add(Fio.find("fio"));
    } catch (IOException e) {
      // Our own loop replaces it; each figure names its tool.
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
            SILENCE);
    try {
      ChildRun result =
          ChildRun.run(
              jvm,
              peakFile -> task(run, peer, scratch, device, peakFile),
              limit,
              plan.limitBytes(),
              row ->
                  listener.accept(
                      "run " + run + " of " + plan.runs() + ": " + peer.id() + " " + row),
              LimitedJvm.UNLIMITED);
      for (String line : findings.add(peer.id(), result)) {
        notes.add(line);
        listener.accept(line);
      }
    } finally {
      OpenDirectory.empty(scratch);
    }
  }

  private ChildTask task(int run, Peer peer, Path scratch, String device, String peakFile) {
    List<Row> order = new ArrayList<>(plan.rows());
    Collections.shuffle(order, new Random(plan.seed() * 31 + run));
    order.remove(Row.FILL);
    long pages = plan.byteSize() / PageContent.PAGE_BYTES;
    long nanos = plan.cellTime().toNanos();
    return new ChildTask(
        new Gson().toJson(new PeerSubject.Spec(peer.id(), cacheBytes())),
        scratch.toString(),
        pages * PageContent.PAGE_BYTES,
        REHEARSAL_BYTES,
        REHEARSAL_NANOS,
        RunOptions.timed(Start.COLD, FILL_CELLS * nanos, RunOptions.UNLIMITED, plan.seed(), 0),
        plan.rows().contains(Row.FILL),
        cacheBytes(),
        order.stream().map(row -> row.step(pages, nanos, plan.seed(), run)).toList(),
        device.isEmpty() ? List.of() : List.of(device),
        peakFile);
  }
}
