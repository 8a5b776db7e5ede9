/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import com.google.errorprone.annotations.FormatMethod;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Residency;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.VisibleText;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapStatistics;
import org.dmalloc.heap.HeapStatistics.SizeClass;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/**
 * What a heap holds, and where its bytes are.
 *
 * @param heap the name or id of its region
 * @param residency null where the backend cannot tell
 * @param faults of the process since the shell opened the heap; null if it did not, or nobody
 *     counts them
 */
public record HeapDetails(
    String heap, HeapStatistics held, @Nullable Residency residency, @Nullable ProcessFaults faults)
    implements Printable {

  static HeapDetails of(OpenHeaps.Lease lease, Optional<OpenHeaps.Kept> kept)
      throws MemoryException {
    Heap heap = lease.heap();
    ProcessFaults before = kept.map(OpenHeaps.Kept::atOpening).orElse(null);
    ProcessFaults now = before == null ? null : ProcessFaults.now();
    return new HeapDetails(
        lease.label(),
        heap.statistics(),
        residency(heap),
        before == null || now == null ? null : now.since(before));
  }

  private static @Nullable Residency residency(Heap heap) throws MemoryException {
    try {
      return heap.region().residency();
    } catch (UnsupportedCapabilityException e) {
      return null; // its backend cannot tell, and the output leaves it out
    }
  }

  @Override
  public String text() {
    return classes(Table.ANY_WIDTH) + String.join("\n", totals());
  }

  private String classes(int width) {
    if (held.classes().isEmpty()) {
      return "";
    }
    List<Table.Column<SizeClass>> columns =
        List.of(
            Table.column("SIZE", each -> Integer.toString(each.byteSize())),
            Table.column("BLOCKS", each -> Long.toString(each.blocks())),
            Table.column("CAPACITY", each -> Long.toString(each.capacity())),
            Table.column("FILL", each -> percent(each.blocks(), each.capacity())),
            Table.column("WASTE", HeapDetails::waste),
            Table.column("SPANS", each -> ByteSize.format(each.spanBytes())));
    return new Table<>(columns).plain().rows(held.classes()).render(width) + '\n';
  }

  /** The share of what was allocated since the heap was opened that nobody asked for. */
  private static String waste(SizeClass each) {
    long given = each.allocations() * each.byteSize();
    return given == 0 ? "-" : percent(given - each.requestedBytes(), given);
  }

  private List<String> totals() {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put(
        "heap of", words("%s, %s of %s", heap, size(held.heapBytes()), size(held.regionBytes())));
    lines.put("live", words("%s, %s", blocks(held.liveBlocks()), size(held.liveBytes())));
    lines.put(
        "large",
        words(
            "%d of them with pages of their own, %s", held.largeBlocks(), size(held.largeBytes())));
    lines.put(
        "metadata",
        words(
            "%s, %s of the heap",
            size(held.metadataBytes()), percent(held.metadataBytes(), held.heapBytes())));
    lines.put(
        "free",
        words(
            "%s of pages, the largest run %s; %s given back",
            size(held.freeBytes()), size(held.largestFreeBytes()), size(held.punchedBytes())));
    if (held.extents() > 1) {
      lines.put("extents", words("%d, cut by growth; no block spans two", held.extents()));
    }
    if (residency != null && residency.residentBytes() != Residency.UNKNOWN) {
      long resident = residency.residentBytes();
      String share = percent(resident, residency.byteSize());
      lines.put("in RAM", words("%s, %s of the region", size(resident), share));
    }
    if (faults != null) {
      lines.put(
          "faults",
          words(
              "%d minor, %d major, of the whole process since the heap was opened",
              faults.minor(), faults.major()));
    }
    List<String> text = new ArrayList<>();
    lines.forEach((key, value) -> text.add(VisibleText.of(words("%-9s %s", key, value))));
    return text;
  }

  @FormatMethod
  private static String words(String format, @Nullable Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** A number of blocks in words. */
  static String blocks(long count) {
    return count == 1 ? "1 block" : count + " blocks";
  }

  private static String size(long bytes) {
    return ByteSize.format(bytes);
  }

  private static String percent(long part, long of) {
    return of == 0 ? "-" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / of);
  }

  @Override
  public Printable fitting(int width) {
    return new Message(classes(width) + Lines.wrap(String.join("\n", totals()), width));
  }

  @Override
  public String line() {
    return "heap of " + heap;
  }
}
