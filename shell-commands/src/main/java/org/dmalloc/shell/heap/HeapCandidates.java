/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.VisibleText;
import org.dmalloc.heap.Heap;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Providers;

/** What completion offers where a command takes a heap. */
final class HeapCandidates {
  private HeapCandidates() {}

  /**
   * Open regions that have a heap, and stored ones, of which nothing tells before they are opened.
   */
  static Optional<List<String>> of(Providers providers, OpenHeaps heaps, String placeholder) {
    if (!placeholder.equals("HEAP")) {
      return Optional.empty();
    }
    List<Backend.Open> open = providers.regions(fault -> {});
    List<String> taken = open.stream().flatMap(each -> names(each.info())).toList();
    return Optional.of(
        Stream.concat(
                open.stream()
                    .filter(each -> heaps.service().isHeap(each.region()))
                    .flatMap(each -> names(each.info())),
                providers.stored(refused -> {}).stream()
                    .map(each -> VisibleText.of(each.region().name()))
                    .filter(name -> !taken.contains(name))
                    .sorted())
            .distinct()
            .toList());
  }

  /**
   * The roots of the heap that the line names, if it is open: to open one may take long.
   *
   * @param before the words of the line before the cursor
   */
  static List<String> roots(Providers providers, OpenHeaps heaps, List<String> before) {
    return providers.regions(fault -> {}).stream()
        .filter(each -> names(each.info()).anyMatch(before::contains))
        .flatMap(each -> heaps.service().find(each.region()).stream())
        .flatMap(HeapCandidates::roots)
        .distinct()
        .toList();
  }

  private static Stream<String> roots(Heap heap) {
    try {
      return heap.roots().keySet().stream().map(VisibleText::of);
    } catch (MemoryException | IllegalStateException e) {
      return Stream.empty(); // the command says why
    }
  }

  private static Stream<String> names(RegionInfo info) {
    String id = Long.toString(info.id());
    return info.name() == null ? Stream.of(id) : Stream.of(id, VisibleText.of(info.name()));
  }
}
