/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;

/** Reads this process's areas (VMAs) from {@code /proc/self/maps} and {@code smaps}. */
public final class VirtualAreas {
  private static final KernelFiles FILES = KernelFiles.ofThisMachine();
  private static final String MAPS = "/proc/self/maps";
  private static final String SMAPS = "/proc/self/smaps";
  private static final long KIB = 1024;

  private VirtualAreas() {}

  /** An area, cut to the range that was asked for. */
  public record Area(long start, long end) {
    public long length() {
      return end - start;
    }
  }

  /** Sums over the areas that touch a range, in bytes; an area counts as a whole. */
  public record Totals(long swappedBytes, long hugeBytes, long lockedBytes) {}

  /** The areas in {@code [start, end)}, in order of their addresses. */
  public static List<Area> in(long start, long end) throws MemoryException {
    List<Area> areas = new ArrayList<>();
    FILES.visitLines(
        MAPS,
        line -> {
          Area area = parse(line);
          if (area.start < end && area.end > start) {
            areas.add(new Area(Math.max(area.start, start), Math.min(area.end, end)));
          }
          return area.start < end;
        });
    return areas;
  }

  /**
   * What smaps adds up for the areas in {@code [start, end)}. The kernel walks the page tables of
   * every area up to {@code end}, so this costs milliseconds per GiB.
   */
  public static Totals totals(long start, long end) throws MemoryException {
    Sums sums = new Sums(start, end);
    FILES.visitLines(SMAPS, sums);
    return new Totals(sums.swapped * KIB, sums.huge * KIB, sums.locked * KIB);
  }

  /** Adds up what the lines of smaps say about a range. */
  private static final class Sums implements KernelFiles.LineVisitor {
    private final long start;
    private final long end;
    private long swapped;
    private long huge;
    private long locked;
    private boolean inside;

    Sums(long start, long end) {
      this.start = start;
      this.end = end;
    }

    @Override
    public boolean visit(String line) {
      int colon = line.indexOf(':');
      int space = line.indexOf(' ');
      if (colon < 0 || space < colon) { // "7f00…-7f01… rw-s …", where a colon comes later
        Area area = parse(line);
        inside = area.end > start;
        return area.start < end;
      }
      if (inside) {
        switch (line.substring(0, colon)) {
          case "Swap" -> swapped += kib(line, colon);
          case "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped" -> huge += kib(line, colon);
          case "Locked" -> locked += kib(line, colon);
          default -> {}
        }
      }
      return true;
    }
  }

  private static Area parse(String line) {
    int dash = line.indexOf('-');
    int space = line.indexOf(' ', dash);
    return new Area(
        Long.parseUnsignedLong(line, 0, dash, 16),
        Long.parseUnsignedLong(line, dash + 1, space, 16));
  }

  private static long kib(String line, int colon) {
    String value = line.substring(colon + 1).strip();
    return Long.parseLong(value, 0, value.indexOf(' '), 10);
  }
}
