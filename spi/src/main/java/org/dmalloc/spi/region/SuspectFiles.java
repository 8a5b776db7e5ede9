/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.dmalloc.api.StoreFinding;
import org.jspecify.annotations.Nullable;

/**
 * Which files of this JVM's regions do not hold what was stored, because a write-back failed and
 * was not made good since.
 *
 * <p>The kernel tells of a failure once; the mark must outlive the region, and be seen by the next
 * that opens the file, whichever backend that is. Two versions of this bundle have a copy of this
 * class each, so the marks are strings in the system properties, and the monitors are interned
 * strings, which all class loaders share. Keys tell a file from a later one of the same inode.
 */
public final class SuspectFiles {
  private static final String PREFIX = "dmalloc.region.suspect.";

  private SuspectFiles() {}

  static @Nullable SuspectBytes get(String key) {
    String text = System.getProperty(PREFIX + key);
    return text == null ? null : SuspectBytes.parse(text);
  }

  /** Changes a mark; one without ranges is none. */
  static void update(String key, UnaryOperator<@Nullable SuspectBytes> change) {
    String property = PREFIX + key;
    synchronized (property.intern()) {
      SuspectBytes next = change.apply(get(key));
      if (next == null || next.ranges().isEmpty()) {
        System.clearProperty(property);
      } else {
        System.setProperty(property, next.text());
      }
    }
  }

  /** What there is to tell about the files of a directory. */
  public static List<StoreFinding> findings(Path directory) {
    List<StoreFinding> findings = new ArrayList<>();
    for (String key : keys()) {
      SuspectBytes mark = get(key);
      if (mark == null || mark.path().isEmpty()) {
        continue;
      }
      Path file = Path.of(mark.path());
      if (directory.equals(file.getParent()) && Files.exists(file)) {
        findings.add(
            new StoreFinding(
                StoreFinding.Severity.ERROR,
                file.toString(),
                mark.inWords() + "; make room or mend the device, then flush the region"));
      }
    }
    return findings;
  }

  /**
   * Marks all of a closed region's file, of which a wait for the device failed.
   *
   * @param key of the file, as its backing gives it to its region
   * @param error the failure, in words
   */
  public static void lost(String key, Path file, String error, long byteSize) {
    String words = error.replaceAll("\\p{Cntrl}", " ");
    if (byteSize > 0) {
      update(
          key,
          mark ->
              new SuspectBytes(
                  file.toString(),
                  mark == null ? words : mark.error(),
                  List.of(new SuspectBytes.Range(0, byteSize))));
    }
  }

  /** Forgets the mark of a file that was deleted on purpose. */
  public static void forget(Path file) {
    change(file, mark -> null);
  }

  /** A file that is open has lost its name on purpose: the mark goes with its region. */
  public static void unlinked(Path file) {
    change(file, mark -> new SuspectBytes("", mark.error(), mark.ranges()));
  }

  /** A file was renamed. */
  public static void renamed(Path from, Path to) {
    change(from, mark -> new SuspectBytes(to.toString(), mark.error(), mark.ranges()));
  }

  private static void change(Path file, Function<SuspectBytes, @Nullable SuspectBytes> change) {
    for (String key : keys()) {
      update(
          key,
          mark -> mark != null && mark.path().equals(file.toString()) ? change.apply(mark) : mark);
    }
  }

  private static List<String> keys() {
    return System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith(PREFIX))
        .map(name -> name.substring(PREFIX.length()))
        .sorted()
        .toList();
  }
}
