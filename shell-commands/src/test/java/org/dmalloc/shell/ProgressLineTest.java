/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.shell.command.ProgressLine;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
  private static final long SECOND = 1_000_000_000L;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private final AtomicLong clock = new AtomicLong(5 * SECOND);
  private final AtomicBoolean inFront = new AtomicBoolean(true);

  private String shown() {
    String text = bytes.toString(StandardCharsets.UTF_8);
    bytes.reset();
    return text;
  }

  @Test
  void workOfLessThanASecondShowsNothing() {
    try (ProgressLine line = new ProgressLine("fill x", terminal, inFront::get, clock::get)) {
      clock.addAndGet(SECOND - 1);
      line.progressed(1, 100);
    }
    assertEquals("", shown());
  }

  @Test
  void longWorkIsShownOnOneLineThatGoesAtItsEnd() {
    try (ProgressLine line = new ProgressLine("fill x", terminal, inFront::get, clock::get)) {
      clock.addAndGet(2 * SECOND);
      line.progressed(1 << 20, 4 << 20);
      assertEquals(line("fill x: 25 %, 1 MiB of 4 MiB, 512 KiB/s"), shown());
      line.progressed(2 << 20, 4 << 20);
      assertEquals("", shown(), "not more than ten times a second");
      clock.addAndGet(SECOND);
      line.progressed(4 << 20, 4 << 20);
      assertEquals(line("fill x: 100 %, 4 MiB of 4 MiB, 1.3 MiB/s"), shown());
    }
    assertEquals("\r\u001b[K", shown());
  }

  @Test
  void whatIsNoTerminalShowsNothing() {
    try (ProgressLine line = new ProgressLine("fill x", null, inFront::get, clock::get)) {
      clock.addAndGet(2 * SECOND);
      line.progressed(1, 2);
      line.now("step");
    }
    assertEquals("", shown());
  }

  @Test
  void theNextPromptIsNotWipedAway() {
    try (ProgressLine line = new ProgressLine("bench", terminal, inFront::get, clock::get)) {
      line.now("1 of 2");
      assertEquals(line("bench: 1 of 2"), shown());
      inFront.set(false);
      line.now("2 of 2");
    }
    assertEquals("", shown());
  }

  /** Cleared, and cut off at the terminal's edge. */
  private static String line(String text) {
    return "\r\u001b[K\u001b[?7l" + text + "\u001b[?7h";
  }
}
