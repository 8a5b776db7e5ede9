/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.List;
import java.util.Locale;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.VisibleText;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapRecovery;
import org.dmalloc.report.Lines;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;

/**
 * A heap that was just made or opened. Commands accept it as the id of its region.
 *
 * @param note a line about what ends it; empty for none
 */
public record HeapOpened(RegionInfo info, String done, String note) implements Printable {
  static HeapOpened of(Heap heap, String done, String note) {
    return new HeapOpened(heap.region().info(), done, note);
  }

  @Override
  public String text() {
    String line =
        String.format(
            Locale.ROOT,
            "heap of %s %s: region %d, %s from %s",
            RegionLookup.label(info),
            done,
            info.id(),
            ByteSize.format(info.byteSize()),
            info.backend());
    return VisibleText.of(line) + (note.isEmpty() ? "" : "\n" + note);
  }

  /** What the opening of a heap found, in words. */
  static String found(HeapRecovery recovery) {
    if (recovery.clean()) {
      return "opened";
    }
    List<Long> last = recovery.lastAllocated();
    return String.format(
        Locale.ROOT,
        "opened in %.2f s; it was not closed cleanly%s%s",
        recovery.duration().toNanos() / 1e9,
        recovery.liveBlocks() < 0 ? "" : ", and has " + recovery.liveBlocks() + " blocks",
        last.isEmpty() ? "" : "; nobody may know of these, which were allocated last: " + last);
  }

  @Override
  public Printable fitting(int width) {
    return new Message(Lines.wrap(text(), width));
  }

  @Override
  public String line() {
    return text();
  }

  @Override
  public String toString() {
    return Long.toString(info.id());
  }
}
