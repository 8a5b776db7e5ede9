/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class PlatformLogTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PlatformLog log =
      new PlatformLog(new PrintStream(bytes, true, StandardCharsets.UTF_8));

  @Test
  void aWarningIsOneVisibleLineAndWhatIsLessIsNone() {
    LogRecord warning = new LogRecord(Level.WARNING, "unknown key foo\u001b[31m\nof {0}");
    warning.setParameters(new Object[] {"panama"});
    warning.setThrown(new IllegalStateException("why"));
    log.publish(warning);
    log.publish(warning);
    log.publish(new LogRecord(Level.INFO, "budget not kept"));
    assertEquals(
        "dmalloc: unknown key foo\\u001b[31m\\nof panama: why\n",
        bytes.toString(StandardCharsets.UTF_8));
  }
}
