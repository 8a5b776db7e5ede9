/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;

/** Bytes of a region, shown as offset, hex and text, 16 to a line; {@code *} for equal lines. */
public final class HexDump implements Printable {
  private static final int PER_LINE = 16;
  private static final HexFormat HEX = HexFormat.of();

  private final long offset;
  private final byte[] bytes;

  public HexDump(long offset, byte[] bytes) {
    this.offset = offset;
    this.bytes = bytes.clone();
  }

  /** The fields of its JSON form. */
  public record Fields(long offset, int length, String hex, String text) {}

  public Fields fields() {
    return new Fields(
        offset, bytes.length, HEX.formatHex(bytes), new String(bytes, StandardCharsets.UTF_8));
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public String text() {
    StringBuilder out = new StringBuilder();
    boolean left = false;
    for (int start = 0; start < bytes.length; start += PER_LINE) {
      int end = Math.min(start + PER_LINE, bytes.length);
      if (repeats(start, end)) {
        out.append(left ? "" : "\n*");
        left = true;
        continue;
      }
      left = false;
      out.append(start == 0 ? "" : "\n");
      out.append(String.format(Locale.ROOT, "%08x ", offset + start));
      for (int i = start; i < start + PER_LINE; i++) {
        out.append(i - start == PER_LINE / 2 ? "  " : " ");
        out.append(i < end ? HEX.toHexDigits(bytes[i]) : "  ");
      }
      out.append("  |");
      for (int i = start; i < end; i++) {
        out.append(bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char) bytes[i] : '.');
      }
      out.append('|');
    }
    return out.toString();
  }

  /** Lines like the one before are left out, except the last. */
  private boolean repeats(int start, int end) {
    return start > 0
        && end < bytes.length
        && Arrays.equals(bytes, start - PER_LINE, start, bytes, start, end);
  }

  @Override
  public String toString() {
    return HEX.formatHex(bytes);
  }
}
