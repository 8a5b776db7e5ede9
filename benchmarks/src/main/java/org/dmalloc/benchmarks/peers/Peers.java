/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.Program;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.jspecify.annotations.Nullable;

/** The program behind {@code benchmarks/peers.sh}. */
public final class Peers {
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

  private Peers() {}

  public static void main(String[] words) {
    Program.main(
        "peers",
        HELP,
        words,
        arguments -> {
          PeerPlan plan = PeerPlan.of(arguments);
          return (out, err) -> {
            Path saved = arguments.path("--from");
            PeerReport report =
                saved != null
                    ? PeerReport.read(saved)
                    : new PeerComparison(
                            plan,
                            classPath(),
                            SetupJournal.defaultDirectory(),
                            line -> err.println("peers: " + line))
                        .run();
            out.print(report.text(Table.ANY_WIDTH));
            write(arguments.path("--json"), Json.print(report.json()) + '\n');
            write(arguments.path("--html"), report.html());
          };
        });
  }

  static List<Path> classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .map(Path::of)
        .map(Path::toAbsolutePath)
        .toList();
  }

  private static void write(@Nullable Path file, String text) throws IOException {
    if (file != null) {
      Files.writeString(file, text);
    }
  }
}
