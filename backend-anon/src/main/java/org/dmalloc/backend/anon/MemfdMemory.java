/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MappingKind;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.linux.Seal;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.Machine;
import org.jspecify.annotations.Nullable;

/**
 * A memfd, which other processes can map by its descriptor. It is sealed against being cut from the
 * start, so that none of them can make a store a signal, and when it has its maximum it is sealed
 * against growth too. So a smaller region has a file of the same length, with a hole behind its
 * end.
 *
 * <p><b>One that processes share</b> is sealed against further seals at once, which would keep the
 * next process from mapping it. It never becomes smaller, since its size is that of the file, and
 * what one process gives back behind its end may be another's. Each process has the size to which
 * it has grown itself; the file has the largest.
 */
final class MemfdMemory extends AnonymousMemory {
  private final OpenFile file;
  private final @Nullable SharedMemfd shared;
  private final long maximum;
  private volatile boolean sealed;

  MemfdMemory(
      String name,
      long byteSize,
      long maximum,
      PageSize pageSize,
      ProgressListener progress,
      Machine machine)
      throws MemoryException {
    this(made(name, byteSize, progress, machine), null, byteSize, maximum, pageSize, machine);
  }

  private MemfdMemory(
      OpenFile file,
      @Nullable SharedMemfd shared,
      long byteSize,
      long maximum,
      PageSize pageSize,
      Machine machine)
      throws MemoryException {
    super(mapped(file, shared, byteSize, maximum, pageSize), "memfd " + file.target(), machine);
    this.file = file;
    this.shared = shared;
    this.maximum = maximum;
    try {
      settle(byteSize);
    } catch (MemoryException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * A new one that processes share.
   *
   * @param name as for others; the digest of its secret is added
   */
  static MemfdMemory shared(
      String name,
      long byteSize,
      long maximum,
      PageSize pageSize,
      ProgressListener progress,
      Machine machine)
      throws MemoryException {
    ShareSecret secret = ShareSecret.random();
    requirePromise(name, byteSize, machine);
    OpenFile file = OpenFile.inMemory(name + ":" + secret.digest(), name);
    try {
      file.setByteSize(byteSize);
      if (byteSize == maximum && maximum != RegionAttributes.NO_MAXIMUM) {
        Seal.add(file, Seal.SHRINK, Seal.GROW, Seal.SEAL);
      } else {
        Seal.add(file, Seal.SHRINK, Seal.SEAL);
      }
      fill(file, byteSize, progress, machine);
    } catch (MemoryException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
    SharedMemfd shared = SharedMemfd.of(file, secret);
    return new MemfdMemory(file, shared, byteSize, maximum, pageSize, machine);
  }

  /**
   * One that another process has made, in the size that it has now. It has its memory already, but
   * for what somebody has punched.
   *
   * @param shared is closed if this fails
   */
  static MemfdMemory attached(
      SharedMemfd shared, long byteSize, long maximum, PageSize pageSize, Machine machine)
      throws MemoryException {
    OpenFile file = shared.file();
    try {
      if (machine.forbidsOvercommit() && byteSize > 0) {
        file.reserveKeepingContent(0, byteSize);
      }
    } catch (MemoryException | RuntimeException | Error e) {
      shared.close();
      throw e;
    }
    return new MemfdMemory(file, shared, byteSize, maximum, pageSize, machine);
  }

  private static OpenFile made(
      String name, long byteSize, ProgressListener progress, Machine machine)
      throws MemoryException {
    requirePromise(name, byteSize, machine);
    OpenFile file = OpenFile.inMemory(name);
    try {
      file.setByteSize(byteSize);
      Seal.add(file, Seal.SHRINK);
      fill(file, byteSize, progress, machine);
      return file;
    } catch (MemoryException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static void requirePromise(String name, long byteSize, Machine machine)
      throws MemoryException {
    machine.requirePromise("allocate", byteSize, "memfd " + name);
  }

  private static void fill(OpenFile file, long byteSize, ProgressListener progress, Machine machine)
      throws MemoryException {
    if (machine.forbidsOvercommit()) {
      machine.requireMemory("allocate", byteSize, "memfd " + file.target());
      file.reserve(0, byteSize, progress);
    }
  }

  private static Mapping mapped(
      OpenFile file, @Nullable SharedMemfd shared, long byteSize, long maximum, PageSize pageSize)
      throws MemoryException {
    try {
      Mapping mapping = Mapping.ofFile(file, 0, byteSize, maximum, MappingKind.SHARED, pageSize);
      if (shared != null) {
        mapping.sharedWithProcesses();
      }
      return mapping;
    } catch (MemoryException | RuntimeException | Error e) {
      end(file, shared);
      throw e;
    }
  }

  private static void end(OpenFile file, @Nullable SharedMemfd shared) {
    if (shared == null) {
      file.close();
    } else {
      shared.close(); // which closes the file, with the last region here that shows it
    }
  }

  @Override
  OpenFile file() {
    return file;
  }

  @Override
  @Nullable SharedMemfd shared() {
    return shared;
  }

  @Override
  void makeRoom(long newByteSize, ProgressListener progress) throws MemoryException {
    long byteSize = mapping().byteSize();
    if (maximum != RegionAttributes.NO_MAXIMUM && newByteSize > maximum) {
      throw bound(newByteSize, maximum);
    }
    if (shared != null) {
      byteSize = Math.max(byteSize, file.facts().byteSize());
      if (byteSize >= newByteSize) {
        return; // another process has grown it, and has taken what that takes
      }
      if (Seal.of(file).contains(Seal.GROW)) {
        throw bound(newByteSize, byteSize); // that of its maker
      }
    }
    machine().requirePromise("resize", newByteSize, target());
    if (machine().forbidsOvercommit()) {
      long growth = newByteSize - byteSize;
      machine().requireMemory("resize", growth, target());
      try {
        file.reserveGrowth(byteSize, growth, progress);
      } catch (MemoryException e) {
        giveBackAfter(e, byteSize, newByteSize);
        throw e;
      }
    }
    lengthen(newByteSize);
  }

  private MemoryException bound(long newByteSize, long byteSize) {
    return MemoryException.of(
        "resize",
        newByteSize,
        target(),
        String.format(Locale.ROOT, "its file is bound to its maximum of %d bytes", byteSize),
        "allocate it with a larger maximum, or with none");
  }

  private void lengthen(long newByteSize) throws MemoryException {
    if (file.facts().byteSize() < newByteSize) {
      try {
        file.setByteSize(newByteSize);
      } catch (MemoryException e) {
        boolean grown = e.errno() == Errno.EPERM && file.facts().byteSize() >= newByteSize;
        if (!grown) { // by another process, just now: to set the size would cut it
          throw e;
        }
      }
    }
  }

  private void giveBackAfter(MemoryException failure, long byteSize, long newByteSize) {
    try {
      giveBack(byteSize, newByteSize);
    } catch (MemoryException e) {
      failure.addSuppressed(e);
    }
  }

  /** Of a shared one nothing: another process may have grown to there, and stored to it. */
  @Override
  void giveBack(long newByteSize, long oldByteSize) throws MemoryException {
    if (shared == null) {
      file.punchHole(newByteSize, Platform.roundUpToPage(oldByteSize) - newByteSize);
    }
  }

  @Override
  void settle(long byteSize) throws MemoryException {
    boolean full = byteSize == maximum && maximum != RegionAttributes.NO_MAXIMUM;
    if (full && shared == null && !sealed) {
      Seal.add(file, Seal.SHRINK, Seal.GROW, Seal.SEAL);
      sealed = true;
    }
  }

  @Override
  public void close() {
    super.close();
    end(file, shared);
  }
}
