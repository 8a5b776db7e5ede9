/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What the device may have of a directory, whose entries are changed in memory at once: those of
 * the last wait, or of any time since. A journal makes changes in their order; the files themselves
 * are taken for whole.
 *
 * <p>It looks at the directory before and after each call of {@link DirectoryEntries.Calls}.
 */
final class SimulatedDirectory implements DirectoryEntries.Calls {
  private final Path directory;

  /** Names of regions, and the file that each leads to; empty for a file without bytes. */
  private Map<String, String> durable = Map.of();

  private final List<Map<String, String>> since = new ArrayList<>();
  private int failing;

  SimulatedDirectory(Path directory) throws IOException {
    this.directory = directory;
    observe();
    durable = inMemory();
  }

  /** How many of the next waits fail; the device may have done what they waited for, or not. */
  void failNext(int waits) {
    failing = waits;
  }

  Map<String, String> inMemory() throws IOException {
    Map<String, String> names = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(RegionFileName.SUFFIX)) {
          names.put(name, Files.size(file) == 0 ? "" : FileIdentity.of(file).key());
        }
      }
    }
    return names;
  }

  /** What a power cut now can leave. */
  List<Map<String, String>> cuts() throws IOException {
    observe();
    List<Map<String, String>> cuts = new ArrayList<>(since);
    cuts.addFirst(durable);
    return cuts;
  }

  private void observe() throws IOException {
    Map<String, String> now = inMemory();
    if (!now.equals(since.isEmpty() ? durable : since.getLast())) {
      since.add(now);
    }
  }

  @Override
  public void createFile(Path path) throws IOException {
    observe();
    DirectoryEntries.Calls.super.createFile(path);
    observe();
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    observe();
    DirectoryEntries.Calls.super.move(from, to);
    observe();
  }

  @Override
  public void force(Path forced) throws IOException {
    observe();
    if (failing > 0) {
      failing--;
      throw new IOException("Input/output error");
    }
    if (forced.equals(directory)) {
      durable = inMemory();
      since.clear();
    }
  }
}
