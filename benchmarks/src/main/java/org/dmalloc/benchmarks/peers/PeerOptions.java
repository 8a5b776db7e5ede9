/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.jspecify.annotations.Nullable;

/**
 * The command line.
 *
 * @param plan what to compare
 * @param json where to write the report as JSON; null for nowhere
 * @param html where to write the page with plots; null for nowhere
 * @param saved a report to show in place of a comparison; null for none
 * @param help whether only help is wanted
 */
record PeerOptions(
    PeerPlan plan, @Nullable Path json, @Nullable Path html, @Nullable Path saved, boolean help) {
  static final String HELP =
      """
      Compares dmalloc with its peers under one memory limit.

        --size SIZE        data of each contender (2g)
        --limit SIZE       RAM of each JVM, page cache of its files included (512m)
        --no-limit         compare without a limit
        --runs N           how often each (3)
        --cell-millis N    how long a workload is measured at a time (600)
        --only NAMES       contenders, or beginnings of their names: panama,lmdb,…
        --workload NAMES   workloads: fill,scan,random-read,…
        --directory DIR    where the files go (the directory for temporary files)
        --seed N           decides content and order (42)
        --json FILE        writes the report
        --html FILE        writes a page with plots
        --from FILE        shows a report that --json wrote, and measures nothing
        --help             this

      """;

  private static final Pattern SIZE = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)([kmgt]?)");

  static PeerOptions parse(List<String> arguments) {
    Deque<String> left = new ArrayDeque<>(arguments);
    long byteSize = PeerPlan.DEFAULT_BYTES;
    long limitBytes = PeerPlan.DEFAULT_LIMIT_BYTES;
    int runs = PeerPlan.DEFAULT_RUNS;
    Duration cell = PeerPlan.DEFAULT_CELL;
    long seed = 42;
    List<Peer> peers = Peer.all();
    List<Row> rows = Arrays.asList(Row.values());
    Path directory = Path.of(System.getProperty("java.io.tmpdir"));
    Path json = null;
    Path html = null;
    Path saved = null;
    boolean help = false;
    while (!left.isEmpty()) {
      String option = left.pop();
      switch (option) {
        case "--size" -> byteSize = size(option, value(option, left));
        case "--limit" -> limitBytes = size(option, value(option, left));
        case "--no-limit" -> limitBytes = 0;
        case "--runs" -> runs = Math.toIntExact(number(option, value(option, left)));
        case "--cell-millis" -> cell = Duration.ofMillis(number(option, value(option, left)));
        case "--seed" -> seed = number(option, value(option, left));
        case "--only" -> peers = chosen(value(option, left));
        case "--workload" ->
            rows =
                Arrays.stream(value(option, left).split(",", -1))
                    .map(Row::named)
                    .distinct()
                    .toList();
        case "--directory" -> directory = Path.of(value(option, left));
        case "--json" -> json = Path.of(value(option, left));
        case "--html" -> html = Path.of(value(option, left));
        case "--from" -> saved = Path.of(value(option, left));
        case "--help", "-h" -> help = true;
        default ->
            throw new IllegalArgumentException(
                String.format(Locale.ROOT, "option %s; see --help", option));
      }
    }
    return new PeerOptions(
        new PeerPlan(byteSize, limitBytes, directory, rows, peers, runs, cell, seed),
        json,
        html,
        saved,
        help);
  }

  private static String value(String option, Deque<String> left) {
    if (left.isEmpty()) {
      throw new IllegalArgumentException(option + " needs a value; see --help");
    }
    return left.pop();
  }

  private static long number(String option, String text) {
    try {
      long number = Long.parseLong(text);
      if (number < 0 || number > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "%s %s; give 0 to %d", option, text, Integer.MAX_VALUE));
      }
      return number;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s %s; give a whole number", option, text), e);
    }
  }

  private static long size(String option, String text) {
    Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s %s; give a size such as 512m", option, text));
    }
    int shift = 10 * " kmgt".indexOf(matcher.group(2).isEmpty() ? " " : matcher.group(2));
    return (long) (Double.parseDouble(matcher.group(1)) * (1L << shift)) / 4096 * 4096;
  }

  private static List<Peer> chosen(String names) {
    List<Peer> chosen = new ArrayList<>();
    for (String name : names.split(",", -1)) {
      List<Peer> found =
          Peer.all().stream()
              .filter(peer -> !name.isEmpty() && peer.id().startsWith(name))
              .filter(peer -> !chosen.contains(peer))
              .toList();
      chosen.addAll(found.isEmpty() ? List.of(Peer.named(name)) : found);
    }
    return chosen.stream().distinct().toList();
  }
}
