/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.RegionRequest;
import org.jspecify.annotations.Nullable;

/**
 * The files of a directory: regions by their names. A file is written once, by one output, and read
 * by any number of inputs afterwards. All that have it open share one region.
 *
 * <p><b>Threads.</b> One lock guards the table of what is open, and is held while a region is
 * opened or closed: somebody else's close must not meet an open of the same name.
 */
abstract sealed class RegionFiles permits StoredFiles, MemoryFiles {
  /**
   * Addresses that are reserved for a file that is written. A longer file is mapped anew as it
   * grows. A process has two thousand times as many.
   */
  static final long MAXIMUM_BYTES = 64L << 30;

  /** What a file has at first; what it does not need is given back when it has been written. */
  private static final long FIRST_BYTES = 64L << 10;

  private static final int ENOENT = 2;
  private static final int EEXIST = 17;

  private final Map<String, OpenFile> open = new HashMap<>();

  /** A new file, for an output; {@link #leave} it once. */
  final synchronized OpenFile create(String name) throws IOException {
    try {
      OpenFile file = allocate(name);
      file.region().setLength(0);
      file.users++;
      open.put(name, file);
      return file;
    } catch (MemoryException e) {
      throw ofFile(name, e);
    }
  }

  /** A file, for an input; {@link #leave} it once. */
  final synchronized OpenFile open(String name) throws IOException {
    try {
      OpenFile file = open.get(name);
      if (file == null) {
        file = reopen(name);
        open.put(name, file);
      }
      file.users++;
      return file;
    } catch (MemoryException e) {
      throw ofFile(name, e);
    }
  }

  /** Says how long a file has become, before its output leaves it. */
  final synchronized void written(OpenFile file, long length) throws IOException {
    file.region().setLength(length);
    boolean read = file.users > 1 + ownUses() || file.region().info().pinned();
    if (!read) { // else the space behind the end stays taken until the file is deleted
      file.region().resize(length);
    }
  }

  /** Says that one of a file's users needs it no longer. */
  final synchronized void leave(OpenFile file) throws IOException {
    file.users--;
    if (file.users == 0) {
      open.values().remove(file);
      try {
        file.region().close();
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
  }

  /** Deletes a file; those who have it open keep it. */
  final synchronized void delete(String name) throws IOException {
    try {
      remove(name);
    } catch (MemoryException e) {
      throw ofFile(name, e);
    }
    open.remove(name);
  }

  final synchronized void rename(String name, String newName) throws IOException {
    try {
      move(name, newName);
    } catch (MemoryException e) {
      throw ofFile(e.errno() == EEXIST ? newName : name, e);
    }
    OpenFile file = open.remove(name);
    if (file != null) {
      open.put(newName, file);
    }
  }

  /** The names of all files. */
  final Collection<String> list() throws IOException {
    try {
      return names();
    } catch (MemoryException e) {
      throw ofFile("", e);
    }
  }

  final long length(String name) throws IOException {
    OpenFile file = open(name);
    try {
      return file.region().length();
    } finally {
      leave(file);
    }
  }

  /** Makes the content of files durable. */
  final void force(Collection<String> names) throws IOException {
    for (String name : names) {
      OpenFile file = open(name);
      try {
        force(file);
      } finally {
        leave(file);
      }
    }
  }

  /** What is open under this name. */
  final @Nullable OpenFile opened(String name) {
    return open.get(name);
  }

  /** The names of what is open. */
  final Set<String> openNames() {
    return Set.copyOf(open.keySet());
  }

  static RegionRequest request() {
    return RegionRequest.ofSize(FIRST_BYTES)
        .withMaximum(MAXIMUM_BYTES)
        .withAutogrowth(Autogrowth.upTo(MAXIMUM_BYTES))
        .withNameDurability(NameDurability.ON_FORCE)
        .withOwner("Lucene");
  }

  /** What Lucene expects where a file is missing, or there already. */
  private static IOException ofFile(String name, MemoryException failure) {
    return switch (failure.errno()) {
      case ENOENT -> because(failure, new NoSuchFileException(name, null, failure.getMessage()));
      case EEXIST ->
          because(failure, new FileAlreadyExistsException(name, null, failure.getMessage()));
      default -> failure;
    };
  }

  private static IOException because(MemoryException failure, IOException known) {
    known.initCause(failure);
    return known;
  }

  /** How often the directory itself uses a file that is not deleted. */
  abstract int ownUses();

  abstract Collection<String> names() throws IOException;

  abstract OpenFile allocate(String name) throws IOException;

  abstract OpenFile reopen(String name) throws IOException;

  abstract void remove(String name) throws IOException;

  abstract void move(String name, String newName) throws IOException;

  abstract void force(OpenFile file) throws IOException;

  /** Makes all names durable, and that files were renamed and deleted. */
  abstract void forceNames() throws IOException;

  /** Lets go of what no input and no output has open. */
  abstract void close() throws IOException;
}
