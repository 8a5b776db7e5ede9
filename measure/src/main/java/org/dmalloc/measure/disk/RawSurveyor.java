/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.measure.RandomStream;

/**
 * Measures the raw disk in a set of patterns at both depths. Reads go to the file under test.
 * Writes go to a scratch file beside it, of the same size, which is removed afterwards.
 *
 * <p>If the preferred tool fails, the figure comes from the next one, and a note says so.
 */
public final class RawSurveyor {
  /** Large enough to exceed the cache of a disk. */
  private static final long MAX_SCRATCH_BYTES = 1L << 30;

  private static final int CHUNK_BYTES = 1 << 20;

  private final List<RawDisk> tools;
  private final Duration timePerFigure;
  private final List<String> notes = new ArrayList<>();

  /** Takes each figure with the first of these tools that works. */
  public RawSurveyor(List<RawDisk> tools, Duration timePerFigure) {
    this.tools = List.copyOf(tools);
    this.timePerFigure = timePerFigure;
  }

  /**
   * Measures the disk below a file, which it does not change, for a subject that the report names.
   */
  public RawSurvey survey(String subject, Path file, Set<RawPattern> patterns)
      throws InterruptedException {
    notes.clear();
    List<RawFigure> figures = new ArrayList<>();
    Set<RawPattern> reads = EnumSet.noneOf(RawPattern.class);
    Set<RawPattern> writes = EnumSet.noneOf(RawPattern.class);
    patterns.forEach(pattern -> (pattern.writes() ? writes : reads).add(pattern));
    measureAll(file, reads, figures);
    if (!writes.isEmpty()) {
      measureWrites(file, writes, figures);
    }
    return new RawSurvey(subject, file.toString(), figures, notes);
  }

  /** Measures all patterns on a scratch file in a directory that has no file under test. */
  public RawSurvey surveyDirectory(
      String subject, Path directory, long byteSize, Set<RawPattern> patterns)
      throws InterruptedException {
    notes.clear();
    List<RawFigure> figures = new ArrayList<>();
    withScratch(directory, byteSize, scratch -> measureAll(scratch, patterns, figures));
    return new RawSurvey(subject, "scratch file in " + directory, figures, notes);
  }

  private void measureWrites(Path file, Set<RawPattern> writes, List<RawFigure> figures)
      throws InterruptedException {
    Path directory = file.toAbsolutePath().getParent();
    try {
      long byteSize = Files.size(file);
      if (directory != null) {
        withScratch(directory, byteSize, scratch -> measureAll(scratch, writes, figures));
      }
    } catch (IOException e) {
      notes.add("raw writes not measured: " + e);
    }
  }

  private void measureAll(Path file, Set<RawPattern> patterns, List<RawFigure> figures)
      throws InterruptedException {
    for (RawPattern pattern : patterns) {
      measure(file, pattern, RawDisk.DEPTH_ONE, figures);
      measure(file, pattern, RawDisk.DEPTH_MANY, figures);
    }
  }

  private void measure(Path file, RawPattern pattern, int depth, List<RawFigure> figures)
      throws InterruptedException {
    for (RawDisk tool : tools) {
      try {
        figures.add(tool.measure(file, pattern, depth, timePerFigure));
        return;
      } catch (IOException e) {
        notes.add("raw " + pattern.label() + " at depth " + depth + ": " + e.getMessage());
      }
    }
  }

  private interface OnScratch {
    void measure(Path scratch) throws InterruptedException;
  }

  private void withScratch(Path directory, long byteSize, OnScratch measurement)
      throws InterruptedException {
    Path scratch = null;
    try {
      scratch = Files.createTempFile(directory, "dmalloc-raw-", ".tmp");
      fill(scratch, Math.min(byteSize, MAX_SCRATCH_BYTES));
      measurement.measure(scratch);
    } catch (IOException e) {
      notes.add("raw disk not measured in " + directory + ": " + e);
    } finally {
      try {
        if (scratch != null) {
          Files.deleteIfExists(scratch);
        }
      } catch (IOException e) {
        notes.add("left behind: " + e);
      }
    }
  }

  /** Writes all of it: no later write allocates, and the content is no run of zeros. */
  private static void fill(Path file, long byteSize) throws IOException, InterruptedException {
    RandomStream random = new RandomStream(byteSize);
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    while (chunk.hasRemaining()) {
      chunk.putLong(random.next());
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (long at = 0; at < byteSize; at += CHUNK_BYTES) {
        chunk.clear().limit((int) Math.min(CHUNK_BYTES, byteSize - at));
        while (chunk.hasRemaining()) {
          int written = channel.write(chunk, at + chunk.position());
          if (written < 0) {
            throw new IOException("write " + file + ": nothing was written");
          }
        }
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
      channel.force(true);
    } catch (ClosedByInterruptException e) {
      Thread.interrupted();
      throw (InterruptedException) new InterruptedException().initCause(e);
    }
  }
}
