/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;

/**
 * Reads the kernel's areas (VMAs) of this process from {@code /proc/self/maps} and {@code smaps}.
 */
final class VirtualAreas {
  private static final Path MAPS = Path.of("/proc/self/maps");
  private static final Path SMAPS = Path.of("/proc/self/smaps");
  private static final long KIB = 1024;

  private VirtualAreas() {}

  /** An area, cut to the range that was asked for. */
  record Area(long start, long end) {
    long length() {
      return end - start;
    }
  }

  /** Sums over the areas that touch a range, in bytes; an area counts as a whole. */
  record Totals(long swappedBytes, long hugeBytes, long lockedBytes) {}

  /** The areas in {@code [start, end)}, in order of their addresses. */
  static List<Area> in(long start, long end) throws MemoryException {
    List<Area> areas = new ArrayList<>();
    try (BufferedReader lines = Files.newBufferedReader(MAPS, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Area area = parse(line);
        if (area.start >= end) {
          break;
        }
        if (area.end > start) {
          areas.add(new Area(Math.max(area.start, start), Math.min(area.end, end)));
        }
      }
    } catch (IOException e) {
      throw unreadable(MAPS, e);
    }
    return areas;
  }

  /**
   * What smaps adds up for the areas in {@code [start, end)}. The kernel walks the page tables of
   * every area up to {@code end}, so this costs milliseconds per GiB.
   */
  static Totals totals(long start, long end) throws MemoryException {
    long swapped = 0;
    long huge = 0;
    long locked = 0;
    boolean inside = false;
    try (BufferedReader lines = Files.newBufferedReader(SMAPS, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int colon = line.indexOf(':');
        int space = line.indexOf(' ');
        if (colon < 0 || space < colon) { // "7f00…-7f01… rw-s …", where a colon comes later
          Area area = parse(line);
          if (area.start >= end) {
            break;
          }
          inside = area.end > start;
        } else if (inside) {
          switch (line.substring(0, colon)) {
            case "Swap" -> swapped += kib(line, colon);
            case "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped" -> huge += kib(line, colon);
            case "Locked" -> locked += kib(line, colon);
            default -> {}
          }
        }
      }
    } catch (IOException e) {
      throw unreadable(SMAPS, e);
    }
    return new Totals(swapped * KIB, huge * KIB, locked * KIB);
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

  private static MemoryException unreadable(Path file, IOException cause) {
    return MemoryException.of(
        "read",
        -1,
        file.toString(),
        String.valueOf(cause.getMessage()),
        MemoryException.NO_ERRNO,
        "mount /proc",
        cause);
  }
}
