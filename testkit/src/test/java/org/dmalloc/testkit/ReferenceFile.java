/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;

/**
 * The file of a region: its bytes from offset 0, whole pages, then a footer with a magic number,
 * the size, and the length or −1. {@link RandomAccessFile} because interrupts do not close it.
 */
final class ReferenceFile implements AutoCloseable {
  static final String SUFFIX = ".ref";
  private static final long MAGIC = 0x72656665_72656e63L;
  private static final int FOOTER = 3 * Long.BYTES;

  /** Files open in this JVM: −1 for a writer, else the count of readers. */
  private static final Map<Path, Integer> OPEN = new HashMap<>();

  private volatile Path path;
  private final Object key;
  private final RandomAccessFile file;
  private final boolean counted;
  private final boolean writer;
  @Nullable private final FileLock lock;

  private ReferenceFile(
      Path path, RandomAccessFile file, boolean counted, boolean writer, @Nullable FileLock lock) {
    this.path = path;
    this.key = keyOf(path);
    this.file = file;
    this.counted = counted;
    this.writer = writer;
    this.lock = lock;
  }

  private static Object keyOf(Path path) {
    try {
      return String.valueOf(Files.getAttribute(path, "fileKey"));
    } catch (IOException e) {
      return "none";
    }
  }

  static Path pathOf(Path directory, String name, Set<Flaw> flaws) {
    if (flaws.contains(Flaw.NAMES_ESCAPE)) {
      return directory.resolve(name + SUFFIX);
    }
    String kept =
        flaws.contains(Flaw.NAMES_CUT) ? name.substring(0, Math.min(20, name.length())) : name;
    return directory.resolve(
        HexFormat.of().formatHex(kept.getBytes(StandardCharsets.UTF_8)) + SUFFIX);
  }

  static String nameOf(Path path) {
    String hex = path.getFileName().toString().replace(SUFFIX, "");
    return hex.matches("([0-9a-f]{2})+")
        ? new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8)
        : hex; // by Flaw.NAMES_ESCAPE
  }

  /** Creates the file of a region; refuses a name that is taken. */
  static ReferenceFile create(Path path, long byteSize, Set<Flaw> flaws) throws IOException {
    if (!flaws.contains(Flaw.NAME_TAKEN_OVER) || !Files.exists(path)) {
      Files.createFile(path);
    }
    ReferenceFile created = open(path, true, flaws);
    created.setByteSize(0, byteSize);
    return created;
  }

  /** Opens the file of a region and locks out whoever must not have it at the same time. */
  static ReferenceFile open(Path path, boolean writer, Set<Flaw> flaws) throws IOException {
    if (!Files.exists(path)) {
      throw MemoryException.of("open", nameOf(path), "no such region", "list what is stored");
    }
    boolean counted =
        !(flaws.contains(Flaw.TWO_WRITERS) || flaws.contains(Flaw.OPEN_REGION_DELETED));
    synchronized (OPEN) {
      int users = OPEN.getOrDefault(path, 0);
      if (counted && (writer ? users != 0 : users < 0)) {
        throw inUse(path);
      }
      RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
      FileLock lock = null;
      if (counted && users == 0 && !flaws.contains(Flaw.NO_LOCK_BETWEEN_JVMS)) {
        lock = file.getChannel().tryLock(0, Long.MAX_VALUE, !writer);
        if (lock == null) {
          file.close();
          throw inUse(path);
        }
      }
      if (counted) {
        OPEN.put(path, writer ? -1 : users + 1);
      }
      return new ReferenceFile(path, file, counted, writer, lock);
    }
  }

  private static MemoryException inUse(Path path) {
    return MemoryException.of("open", nameOf(path), "open elsewhere", "close it there");
  }

  static StoredRegion.State stateOf(Path path, Set<Flaw> flaws) throws IOException {
    synchronized (OPEN) {
      if (OPEN.containsKey(path)) {
        return StoredRegion.State.OPEN;
      }
    }
    try (ReferenceFile file = open(path, true, flaws)) {
      return file.byteSize() < 0 ? StoredRegion.State.UNUSABLE : StoredRegion.State.CLOSED;
    } catch (MemoryException inUse) {
      return StoredRegion.State.OPEN;
    }
  }

  /** The size in the footer, or −1 if there is none. */
  long byteSize() throws IOException {
    long at = file.length() - FOOTER;
    if (at < 0) {
      return -1;
    }
    file.seek(at);
    if (file.readLong() != MAGIC) {
      return -1;
    }
    long byteSize = file.readLong();
    return pages(byteSize) == at ? byteSize : -1;
  }

  /** Sets the length and writes the footer; new bytes are zero. */
  void setByteSize(long oldByteSize, long byteSize) throws IOException {
    file.setLength(Math.min(pages(oldByteSize), pages(byteSize))); // the old footer goes
    file.setLength(pages(byteSize));
    file.seek(pages(byteSize));
    file.writeLong(MAGIC);
    file.writeLong(byteSize);
    file.writeLong(-1);
  }

  /** Makes it larger under its mapping, and takes the space; on failure it is as before. */
  void grow(long oldByteSize, long byteSize, boolean unreserved) throws IOException {
    long length = length();
    if (unreserved) {
      setByteSize(oldByteSize, byteSize);
    } else {
      writeZeros(pages(oldByteSize) + FOOTER, pages(byteSize) + FOOTER);
      file.seek(pages(oldByteSize));
      file.write(new byte[FOOTER]);
      file.seek(pages(byteSize));
      file.writeLong(MAGIC);
      file.writeLong(byteSize);
    }
    setLength(length);
  }

  void writeZeros(long from, long to) throws IOException {
    long before = file.length();
    try {
      file.seek(from);
      for (long at = from; at < to; at += ContractTheme.PAGE) {
        file.write(new byte[(int) Math.min(ContractTheme.PAGE, to - at)]);
      }
    } catch (IOException e) {
      file.setLength(Math.min(before, file.length()));
      throw e;
    }
  }

  /** The length in the footer, which no size is less than; −1 if there is none. */
  long length() throws IOException {
    file.seek(file.length() - Long.BYTES);
    return file.readLong();
  }

  void setLength(long length) throws IOException {
    file.seek(file.length() - Long.BYTES);
    file.writeLong(length);
  }

  static long pages(long byteSize) {
    return (byteSize + ContractTheme.PAGE - 1) / ContractTheme.PAGE * ContractTheme.PAGE;
  }

  RandomAccessFile file() {
    return file;
  }

  Path path() {
    return path;
  }

  /** Gives it another name; the one that is taken keeps its file. */
  void rename(Path to, Set<Flaw> flaws) throws IOException {
    synchronized (OPEN) {
      if (!flaws.contains(Flaw.RENAME_OVERWRITES)) {
        Files.createFile(to);
      }
      Files.move(path, to, StandardCopyOption.REPLACE_EXISTING);
      Integer users = OPEN.remove(path);
      if (users != null) {
        OPEN.put(to, users);
      }
      path = to;
    }
  }

  /** Takes the name away, whoever has the file open. */
  static void unlink(Path path, Set<Flaw> flaws) throws IOException {
    synchronized (OPEN) {
      if (!Files.exists(path)) {
        throw MemoryException.of("delete", nameOf(path), "no such region", "see what is stored");
      }
      if (flaws.contains(Flaw.UNLINK_FREES_BYTES)) {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
          file.write(new byte[(int) file.length()]);
        }
      }
      Files.delete(path);
      OPEN.remove(path);
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (OPEN) {
      if (counted) {
        if (key.equals(keyOf(path))) { // else its name was taken away, and is perhaps another's
          OPEN.computeIfPresent(path, (p, users) -> writer || users == 1 ? null : users - 1);
        }
      }
      if (lock != null) {
        lock.close();
      }
      file.close();
    }
  }
}
