/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToLongFunction;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.VisibleText;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapRun;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;

/**
 * What the pages of a heap are used for, as a picture: a character for each cell, which is as many
 * pages as make the picture fit.
 *
 * @param heap the name or id of its region
 * @param cellBytes bytes of a cell
 * @param width cells of a line
 * @param plain whether the picture is in ASCII
 */
public record HeapMap(String heap, long cellBytes, int width, boolean plain, List<Cell> cells)
    implements Printable {
  private static final int PAGE = 4096;
  private static final String SHADES = "░▒▓█";

  public HeapMap {
    cells = List.copyOf(cells);
  }

  /**
   * How many bytes of a cell are used for what.
   *
   * @param small of pages for blocks of size classes
   * @param smallLive of blocks in them that are allocated
   */
  public record Cell(
      long offset,
      long free,
      long punched,
      long small,
      long smallLive,
      long large,
      long metadata,
      long unusable) {
    /** The character for what most of it is used for. */
    private char sign(boolean plain) {
      long most =
          Math.max(
              Math.max(Math.max(free, punched), Math.max(small, large)),
              Math.max(metadata, unusable));
      if (most == 0) {
        return ' '; // the region's end, which the heap has not taken over
      } else if (most == small) {
        double fill = (double) smallLive / small;
        return plain
            ? (char) ('0' + Math.clamp((int) (fill * 10), 0, 9))
            : SHADES.charAt(Math.clamp((int) (fill * 4), 0, 3));
      } else if (most == large) {
        return plain ? 'L' : '■';
      } else if (most == metadata) {
        return '#';
      } else if (most == unusable) {
        return '!';
      }
      return most == punched ? '_' : plain ? '.' : '·';
    }
  }

  /** Collects what is in the cells of a picture of at most so many cells. */
  static HeapMap of(Heap heap, String label, int width, int rows, boolean plain)
      throws MemoryException {
    long byteSize = heap.region().byteSize();
    long pages = Math.ceilDiv(byteSize, PAGE);
    long cellBytes = PAGE * Math.max(1, Math.ceilDiv(pages, (long) width * rows));
    int count = Math.toIntExact(Math.ceilDiv(byteSize, cellBytes));
    Map<HeapRun.Kind, long[]> used = new EnumMap<>(HeapRun.Kind.class);
    for (HeapRun.Kind kind : HeapRun.Kind.values()) {
      used.put(kind, new long[count]);
    }
    long[] live = new long[count];
    heap.runs(
        run -> {
          double fill =
              run.kind() == HeapRun.Kind.SMALL
                  ? (double) run.blocks() * run.blockBytes() / run.byteSize()
                  : 0;
          long[] bytes = Objects.requireNonNull(used.get(run.kind()));
          long end = Math.min(run.offset() + run.byteSize(), byteSize);
          for (long at = run.offset(); at < end; ) {
            int cell = (int) (at / cellBytes);
            long part = Math.min(end, (cell + 1) * cellBytes) - at;
            bytes[cell] += part;
            live[cell] += Math.round(part * fill);
            at += part;
          }
          return true;
        });
    List<Cell> cells = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int cell = i;
      ToLongFunction<HeapRun.Kind> of = kind -> Objects.requireNonNull(used.get(kind))[cell];
      cells.add(
          new Cell(
              i * cellBytes,
              of.applyAsLong(HeapRun.Kind.FREE),
              of.applyAsLong(HeapRun.Kind.PUNCHED),
              of.applyAsLong(HeapRun.Kind.SMALL),
              live[i],
              of.applyAsLong(HeapRun.Kind.LARGE),
              of.applyAsLong(HeapRun.Kind.METADATA),
              of.applyAsLong(HeapRun.Kind.UNUSABLE)));
    }
    return new HeapMap(label, cellBytes, width, plain, cells);
  }

  @Override
  public String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "heap of %s, a character for %s\n",
            VisibleText.of(heap),
            ByteSize.format(cellBytes)));
    for (int from = 0; from < cells.size(); from += width) {
      int to = Math.min(from + width, cells.size());
      text.append(String.format(Locale.ROOT, "%9s ", ByteSize.format(from * cellBytes)));
      cells.subList(from, to).forEach(cell -> text.append(cell.sign(plain)));
      text.append('\n');
    }
    text.append(
        plain
            ? "0-9 small blocks, by tenths that are allocated   L large block   . free\n"
                + "_ free, its space given back   # metadata   ! unusable after damage"
            : "░▒▓█ small blocks, by quarters that are allocated   ■ large block   · free\n"
                + "_ free, its space given back   # metadata   ! unusable after damage");
    return text.toString();
  }

  @Override
  public String line() {
    return "map of the heap of " + heap;
  }
}
