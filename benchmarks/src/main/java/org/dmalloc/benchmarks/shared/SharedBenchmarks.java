/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.benchmarks.Program;

/**
 * The program behind {@code benchmarks/shared.sh}: what locks cost, and how long a message takes
 * from one JVM to another and how many go in a second, beside Aeron's IPC in the same run.
 *
 * <p>The ways take turns, some rounds each, so that a busy machine is the same to all. A latency is
 * half of a round trip.
 */
public final class SharedBenchmarks {
  private static final String HELP =
      """
      usage: benchmarks/shared.sh [--part PART] [--only WAYS] [--seconds N] [--rounds N] [--bytes N] [--dir DIR]
        --part PART   locks or messages (default: both)
        --only WAYS   of ring, aeron, aeron-backoff; several with commas (default: all)
        --seconds N   how long each figure is taken in a round (default 3)
        --rounds N    turns of each way (default 5)
        --bytes N     the size of a message (default 64)
        --dir DIR     where the files go (default: the current directory)
        --help        prints this
      """;
  private static final int BATCH = 64;
  private static final double PER_TRIP = 2e3;

  private final PrintStream out;
  private final Path directory;
  private final long seconds;
  private final int rounds;
  private final int bytes;

  private SharedBenchmarks(Arguments given, PrintStream out, Path directory) {
    this.out = out;
    this.directory = directory;
    this.seconds = given.number("--seconds", 3);
    this.rounds = given.number("--rounds", 5);
    this.bytes = Math.max(1, given.number("--bytes", 64));
  }

  /** Runs the program of the script. */
  public static void main(String[] words) {
    Program.main("shared", HELP, words, given -> (out, err) -> run(given, out));
  }

  private static void run(Arguments given, PrintStream out)
      throws IOException, InterruptedException {
    String part = given.text("--part", "both");
    List<Link.Way> ways =
        Arrays.stream(given.text("--only", "ring,aeron,aeron-backoff").split(",", -1))
            .map(name -> Arguments.named("way", name, List.of(Link.Way.values()), Link.Way::option))
            .toList();
    Path directory = Files.createTempDirectory(Path.of(given.text("--dir", "")), "shared-");
    try {
      SharedBenchmarks program = new SharedBenchmarks(given, out, directory);
      if (!part.equals("messages")) {
        new LockCosts(Files.createDirectory(directory.resolve("locks")), out, program.seconds)
            .print();
      }
      if (!part.equals("locks")) {
        program.messages(ways);
      }
    } finally {
      delete(directory);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  /** The figures of one way, of all rounds. */
  private static final class Figures {
    final Histogram trips = new Histogram(3);
    double single;
    double batched;
  }

  private void messages(List<Link.Way> ways) throws IOException, InterruptedException {
    List<Figures> figures = ways.stream().map(way -> new Figures()).toList();
    for (int round = 0; round < rounds; round++) {
      for (Link.Way way : ways) {
        Path own = Files.createTempDirectory(directory, way.option());
        measure(way, own, figures.get(ways.indexOf(way)));
      }
    }
    out.printf(
        Locale.ROOT,
        "%n%-22s %12s %12s %12s %14s %14s%n",
        "messages of " + bytes + " bytes",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
        "one by one /s",
        "by " + BATCH + " /s");
    for (Link.Way way : ways) {
      Figures each = figures.get(ways.indexOf(way));
      out.printf(
          Locale.ROOT,
          "%-22s %12.2f %12.2f %12.2f %14.0f %14.0f%n",
          way.words,
          each.trips.getValueAtPercentile(50) / PER_TRIP,
          each.trips.getValueAtPercentile(99) / PER_TRIP,
          each.trips.getValueAtPercentile(99.9) / PER_TRIP,
          each.single / rounds,
          each.batched / rounds);
    }
  }

  private void measure(Link.Way way, Path own, Figures figures)
      throws IOException, InterruptedException {
    try (Link link = way.open(own, Link.End.PARENT);
        LinkProcess child = LinkProcess.start(way, own)) {
      byte[] message = new byte[bytes];
      message[0] = LinkChild.ECHO;
      trips(link, message, new Histogram(3)); // warm-up
      trips(link, message, figures.trips);
      figures.single += throughput(link, message, 1);
      figures.batched += throughput(link, message, BATCH);
      message[0] = LinkChild.END;
      link.send(message);
      child.awaitEnd();
    }
  }

  private void trips(Link link, byte[] message, Histogram trips)
      throws IOException, InterruptedException {
    for (long start = System.nanoTime(); !isOver(start); ) {
      long sent = System.nanoTime();
      link.send(message);
      link.receive();
      trips.recordValue(System.nanoTime() - sent);
    }
  }

  private boolean isOver(long start) {
    return System.nanoTime() - start > TimeUnit.SECONDS.toNanos(seconds);
  }

  /** Messages in a second, until the other end has had the last. */
  private double throughput(Link link, byte[] message, int batch)
      throws IOException, InterruptedException {
    byte[] dropped = message.clone();
    dropped[0] = LinkChild.DROP;
    List<byte[]> batched = Collections.nCopies(batch, dropped);
    long sent = 0;
    long start = System.nanoTime();
    while (!isOver(start)) {
      for (int i = 0; i < BATCH; i += batch) {
        if (batch == 1) {
          link.send(dropped);
        } else {
          link.sendAll(batched);
        }
      }
      sent += BATCH;
    }
    link.send(message);
    link.receive();
    return sent * (double) TimeUnit.SECONDS.toNanos(1) / (System.nanoTime() - start);
  }
}
