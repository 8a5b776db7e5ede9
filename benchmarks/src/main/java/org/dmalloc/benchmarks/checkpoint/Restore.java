/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.dmalloc.report.Table.left;
import static org.dmalloc.report.Table.right;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.benchmarks.ForkedJvm;
import org.dmalloc.benchmarks.peers.child.ColdFiles;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;
import org.dmalloc.spi.checkpoint.Journal;

/**
 * How long a region takes to open after a process that ended before its last checkpoint was in the
 * file. Each opening is the first of a JVM; a plain copy of as many bytes takes its turn there.
 */
final class Restore {
  private static final int TRIES = 5;
  private static final int STAMP = 7;
  private static final int REHEARSALS = 20;
  private static final int REHEARSED_PAGES = 512;
  private static final String JOURNAL = ".journal";

  private Restore() {}

  /**
   * One size, cold or not.
   *
   * @param cold whether nothing of the files was in RAM
   * @param openNanos by opening
   * @param plainNanos a plain copy of as many bytes, each time beside an opening
   */
  record Opened(
      double percent,
      long replayedBytes,
      boolean cold,
      List<Double> openNanos,
      List<Double> plainNanos) {
    Figures megabytesPerSecond() {
      return Figures.of(openNanos.stream().map(nanos -> replayedBytes * 1e3 / nanos).toList());
    }

    Figures beside() {
      List<Double> ratios = new ArrayList<>();
      for (int run = 0; run < openNanos.size(); run++) {
        ratios.add(openNanos.get(run) / plainNanos.get(run));
      }
      return Figures.of(ratios);
    }
  }

  static List<Opened> measure(Path directory, int pages, List<Double> percents, int runs, long seed)
      throws IOException, InterruptedException {
    List<Opened> all = new ArrayList<>();
    for (double percent : percents) {
      for (boolean cold : new boolean[] {true, false}) {
        long bytes = (long) PageBytes.count(pages, percent) * PageBytes.BYTES;
        Opened opened = new Opened(percent, bytes, cold, new ArrayList<>(), new ArrayList<>());
        for (int run = 0; run < runs; run++) {
          Path own = Files.createDirectory(directory.resolve("restore"));
          String[] job = {
            own.toString(), String.valueOf(pages), String.valueOf(percent), String.valueOf(seed)
          };
          make(own, job);
          if (cold) {
            ColdFiles.drop(own);
          }
          String[] took = child("open", job).split(" ", -1);
          opened.openNanos.add(Double.valueOf(took[0]));
          opened.plainNanos.add(Double.valueOf(took[1]));
          OpenDirectory.delete(own);
        }
        all.add(opened);
      }
    }
    return all;
  }

  private static String child(String task, String[] job) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(task));
    words.addAll(List.of(job));
    return ForkedJvm.run(Restore.class, words).getLast();
  }

  /** Makes a store whose last checkpoint is in the journal alone. */
  private static void make(Path own, String[] job) throws IOException, InterruptedException {
    for (int attempt = 0; attempt < TRIES; attempt++) {
      child("make", job);
      if (hasUnapplied(own.resolve("store"))) {
        return;
      }
      OpenDirectory.delete(own);
      Files.createDirectory(own);
    }
    throw new IOException(
        "the last checkpoint was in the file before the process ended, "
            + TRIES
            + " times; change more pages");
  }

  private static boolean hasUnapplied(Path store) throws IOException {
    try (Stream<Path> files = Files.list(store)) {
      String directory =
          files
              .map(file -> String.valueOf(file.getFileName()))
              .filter(name -> name.endsWith(JOURNAL))
              .findFirst()
              .orElseThrow(() -> new IOException(store + " has no journal"));
      try (Journal journal = Journal.open(store, id(directory), "benchmark")) {
        return journal.applied() < journal.sealed();
      }
    }
  }

  private static UUID id(String directory) {
    long high = Long.parseUnsignedLong(directory, 0, 16, 16);
    long low = Long.parseUnsignedLong(directory, 16, 32, 16);
    return new UUID(high, low);
  }

  /** The child: make or open, DIRECTORY PAGES PERCENT SEED. */
  public static void main(String[] words) throws IOException {
    Path own = Path.of(words[1]);
    int pages = Integer.parseInt(words[2]);
    int[] changed = PageBytes.choose(pages, Double.parseDouble(words[3]), Long.parseLong(words[4]));
    Dmalloc dmalloc = Dmalloc.open();
    if (words[0].equals("make")) {
      MemoryRegion region =
          CheckpointedPages.make(dmalloc, Files.createDirectory(own.resolve("store")), pages);
      NewFile.of(own.resolve("plain"), changed.length).close();
      NewFile.of(own.resolve("plain-copy"), changed.length).close();
      for (int page : changed) {
        CheckpointedPages.store(region, page, STAMP);
      }
      region.checkpoint();
      ForkedJvm.report("made");
      Runtime.getRuntime().halt(0);
    }
    open(dmalloc, own, changed);
  }

  private static void open(Dmalloc dmalloc, Path own, int[] changed) throws IOException {
    rehearse(own.resolve("rehearsal"));
    long plain = copy(own);
    MemoryProvider memory =
        dmalloc.start("panama", Map.of("directory", own.resolve("store").toString()));
    long begin = System.nanoTime();
    MemoryRegion region = memory.open("pages");
    long took = System.nanoTime() - begin;
    for (int page : changed) {
      if (first(region, page) != PageBytes.first(page, STAMP)) {
        throw new IOException("page " + page + " does not have what was checkpointed");
      }
    }
    ForkedJvm.report(took + " " + plain);
    region.close();
    dmalloc.close();
  }

  /** Loads and compiles what opening takes, by opening copies of what a small store's files are. */
  private static void rehearse(Path own) throws IOException {
    Path store = Files.createDirectories(own).resolve("store");
    try (Dmalloc dmalloc = Dmalloc.open()) {
      MemoryRegion region =
          CheckpointedPages.make(dmalloc, Files.createDirectory(store), REHEARSED_PAGES);
      for (int i = 0; i < REHEARSALS; i++) {
        for (int page = 0; page < REHEARSED_PAGES; page += 2) {
          CheckpointedPages.store(region, page, i);
        }
        region.checkpoint();
        Path copy = own.resolve("copy");
        copy(store, copy);
        try (Dmalloc other = Dmalloc.open();
            MemoryRegion opened =
                other.start("panama", Map.of("directory", copy.toString())).open("pages")) {
          if (first(opened, 0) != PageBytes.first(0, i)) {
            throw new IOException("a copy does not have what was checkpointed");
          }
        }
        OpenDirectory.delete(copy);
      }
      region.close();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.sorted(Comparator.comparingInt(each -> order(each))).toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  /** What says which checkpoints the files have goes first: they may get one meanwhile. */
  private static int order(Path file) {
    return Files.isDirectory(file) ? 0 : file.endsWith("group") ? 1 : 2;
  }

  private static long first(MemoryRegion region, int page) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG_UNALIGNED, (long) page * PageBytes.BYTES);
    }
  }

  private static long copy(Path own) throws IOException {
    long begin = System.nanoTime();
    try (FileChannel from = FileChannel.open(own.resolve("plain"), StandardOpenOption.READ);
        FileChannel to = FileChannel.open(own.resolve("plain-copy"), StandardOpenOption.WRITE)) {
      ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
      while (from.read(piece.clear()) > 0) {
        piece.flip();
        while (piece.hasRemaining()) {
          to.write(piece);
        }
      }
      to.force(false);
    }
    return System.nanoTime() - begin;
  }

  static String render(List<Opened> all, int width) {
    return Table.<Opened>of(
                left("changed", opened -> Durable.percent(opened.percent)),
                right("replayed", opened -> Units.bytes(opened.replayedBytes)),
                left("files", opened -> opened.cold ? "cold" : "in RAM"),
                right("open", opened -> Figures.of(opened.openNanos).nanos()),
                right("MB/s", opened -> Figures.number(opened.megabytesPerSecond().median())),
                right("× plain copy", opened -> opened.beside().ratio()))
            .groupedBy(opened -> opened.percent, 2)
            .rows(all)
            .render(width)
        + """

        open: MemoryProvider.open of a region whose last checkpoint is in the journal alone, until
        it can be used; plain copy: reading a file of as many bytes, writing another, fdatasync
        """;
  }
}
