/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.jspecify.annotations.Nullable;

/** The program behind {@code benchmarks/peers.sh}. */
public final class Peers {
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  private Peers() {}

  /** Compares, prints the table and writes what was asked for. */
  public static void main(String[] arguments) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    int status = run(List.of(arguments), out, err);
    if (status != 0) {
      Runtime.getRuntime().exit(status);
    }
  }

  static int run(List<String> arguments, PrintStream out, PrintStream err) {
    PeerOptions options;
    try {
      options = PeerOptions.parse(arguments);
    } catch (IllegalArgumentException e) {
      err.println("peers: " + e.getMessage());
      return USAGE;
    }
    if (options.help()) {
      out.print(PeerOptions.HELP);
      return 0;
    }
    try {
      Path saved = options.saved();
      PeerReport report =
          saved != null
              ? PeerJson.read(saved)
              : new PeerComparison(
                      options.plan(),
                      classPath(),
                      SetupJournal.defaultDirectory(),
                      line -> err.println("peers: " + line))
                  .run();
      out.print(report.text(Table.ANY_WIDTH));
      write(options.json(), Json.print(report.json()) + '\n');
      write(options.html(), report.html());
      return 0;
    } catch (IOException e) {
      err.println("peers: " + e.getMessage());
      return FAILED;
    } catch (InterruptedException e) {
      err.println("peers: interrupted; all is put back");
      return FAILED;
    }
  }

  static List<Path> classPath() {
    return Stream.of(System.getProperty("java.class.path").split(java.io.File.pathSeparator, -1))
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
