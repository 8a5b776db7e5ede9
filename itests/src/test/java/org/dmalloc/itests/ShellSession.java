/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;

/** A Gogo session that a test types into. */
final class ShellSession implements AutoCloseable {
  private static final Pattern REGION = Pattern.compile("region (\\d+)");

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final CommandSession session;

  ShellSession(CommandProcessor gogo) {
    session = gogo.createSession(InputStream.nullInputStream(), out, out);
  }

  /** Runs a line as a user types it, and returns what it printed. */
  String run(String line) throws Exception {
    out.reset();
    Object result = session.execute("dmalloc:" + line);
    String printed = out.toString(StandardCharsets.UTF_8);
    return result == null ? printed : printed + session.format(result, Converter.INSPECT);
  }

  /** Runs a line that makes a region, and returns its id. */
  String region(String line) throws Exception {
    String printed = run(line);
    Matcher region = REGION.matcher(printed);
    assertTrue(region.find(), printed);
    return region.group(1);
  }

  /** The line of a listing that begins with the id; empty if there is none. */
  String row(String listing, String id) throws Exception {
    return run(listing)
        .lines()
        .filter(line -> line.strip().startsWith(id + " "))
        .findFirst()
        .orElse("");
  }

  @Override
  public void close() {
    session.close();
  }
}
