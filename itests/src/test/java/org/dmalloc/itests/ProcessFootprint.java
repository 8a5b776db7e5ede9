/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this process has mapped and open, as the kernel tells it.
 *
 * @param mappings lines of {@code /proc/self/maps}
 * @param descriptors open file descriptors
 * @param backings the mappings and descriptors that only a region can have: a file of a store, a
 *     memfd, {@code /dev/zero}, and what dirty tracking opens
 */
record ProcessFootprint(int mappings, int descriptors, List<String> backings) {
  /** Looks now. */
  static ProcessFootprint now(Path store) throws IOException {
    List<String> mapped = Files.readAllLines(Path.of("/proc/self/maps"));
    List<String> open = new ArrayList<>();
    try (Stream<Path> list = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : list.toList()) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException e) {
          // The listing's own, closed since.
        }
      }
    }
    List<String> backings =
        Stream.concat(mapped.stream(), open.stream())
            .filter(
                line ->
                    line.contains(store.toString())
                        || line.contains("memfd:dmalloc")
                        || line.contains("/dev/zero")
                        || line.contains("[userfaultfd]")
                        || line.endsWith("/pagemap"))
            .toList();
    return new ProcessFootprint(mapped.size(), open.size(), backings);
  }
}
