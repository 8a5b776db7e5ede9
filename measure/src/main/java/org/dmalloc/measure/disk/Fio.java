/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonSyntaxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The raw disk by fio(1), with direct I/O on an existing file: psync at depth 1; io_uring at any
 * other, or libaio where the kernel or a sandbox refuses io_uring.
 */
public final class Fio implements RawDisk {
  private static final Duration GRACE = Duration.ofSeconds(20);
  private static final List<String> DEEP_ENGINES = List.of("io_uring", "libaio");

  private final String program;
  private final String version;

  private Fio(String program, String version) {
    this.program = program;
    this.version = version;
  }

  /** Finds fio by its name or path; the message of a failure says how to install it. */
  public static Fio find(String program) throws IOException, InterruptedException {
    try {
      String version = ExternalProgram.run(List.of(program, "--version"), GRACE).strip();
      return new Fio(program, version.replace('-', ' '));
    } catch (IOException e) {
      throw new IOException(e.getMessage() + "; to measure with fio, install it", e);
    }
  }

  @Override
  public RawFigure measure(Path file, RawPattern pattern, int queueDepth, Duration time)
      throws IOException, InterruptedException {
    if (queueDepth == 1) {
      return measure(file, pattern, queueDepth, time, "psync");
    }
    IOException first = null;
    for (String engine : DEEP_ENGINES) {
      try {
        return measure(file, pattern, queueDepth, time, engine);
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    throw first == null ? new IOException("fio: no engine") : first;
  }

  private RawFigure measure(
      Path file, RawPattern pattern, int queueDepth, Duration time, String engine)
      throws IOException, InterruptedException {
    Path absolute = file.toAbsolutePath();
    long size = Files.size(absolute) / pattern.blockBytes() * pattern.blockBytes();
    String json =
        ExternalProgram.run(
            List.of(
                program,
                "--name=raw",
                // fio takes ':' for the end of a file name.
                "--filename=" + absolute.toString().replace(":", "\\:"),
                "--size=" + size,
                "--rw=" + mode(pattern),
                "--bs=" + pattern.blockBytes(),
                "--ioengine=" + engine,
                "--iodepth=" + queueDepth,
                "--runtime=" + Math.max(1, time.toMillis()) + "ms",
                "--time_based",
                "--direct=1",
                "--invalidate=0",
                "--norandommap",
                "--randrepeat=0",
                "--allow_file_create=0",
                "--overwrite=1",
                // What was written counts when the disk has it.
                "--end_fsync=" + (pattern.writes() ? 1 : 0),
                "--thread",
                "--percentile_list=50:99:99.9",
                "--output-format=json"),
            time.plus(GRACE));
    return parse(json, pattern, queueDepth, version + " " + engine);
  }

  private static String mode(RawPattern pattern) {
    String order = pattern.sequential() ? "" : "rand";
    return order + (pattern.writes() ? "write" : "read");
  }

  static RawFigure parse(String json, RawPattern pattern, int queueDepth, String tool)
      throws IOException {
    try {
      // Warnings may stand before the report.
      JsonObject root = JsonParser.parseString(json.substring(json.indexOf('{'))).getAsJsonObject();
      JsonArray jobs = root.getAsJsonArray("jobs");
      JsonObject job = jobs.get(0).getAsJsonObject();
      if (job.get("error").getAsInt() != 0) {
        throw new IOException("fio: error " + job.get("error") + " of " + tool);
      }
      JsonObject side = job.getAsJsonObject(pattern.writes() ? "write" : "read");
      JsonObject percentiles = side.getAsJsonObject("clat_ns").getAsJsonObject("percentile");
      return new RawFigure(
          pattern,
          queueDepth,
          side.get("iops").getAsDouble(),
          percentiles.get("50.000000").getAsLong(),
          percentiles.get("99.000000").getAsLong(),
          percentiles.get("99.900000").getAsLong(),
          tool);
    } catch (JsonSyntaxException
        | IllegalStateException
        | NullPointerException
        | StringIndexOutOfBoundsException e) {
      throw new IOException("fio: its report is not as expected: " + e.getMessage(), e);
    }
  }
}
