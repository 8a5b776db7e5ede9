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
import org.dmalloc.spi.machine.Machine;

/**
 * A memfd, which other processes can map by its descriptor. It is sealed against being cut from the
 * start, so that none of them can make a store a signal, and when it has its maximum it is sealed
 * against growth too. So a smaller region has a file of the same length, with a hole behind its
 * end.
 */
final class MemfdMemory extends AnonymousMemory {
  private final OpenFile file;
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
    this(made(name, byteSize, progress, machine), byteSize, maximum, pageSize, machine);
  }

  private MemfdMemory(
      OpenFile file, long byteSize, long maximum, PageSize pageSize, Machine machine)
      throws MemoryException {
    super(mapped(file, byteSize, maximum, pageSize), "memfd " + file.target(), machine);
    this.file = file;
    this.maximum = maximum;
    try {
      settle(byteSize);
    } catch (MemoryException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static OpenFile made(
      String name, long byteSize, ProgressListener progress, Machine machine)
      throws MemoryException {
    String target = "memfd " + name;
    machine.requirePromise("allocate", byteSize, target);
    OpenFile file = OpenFile.inMemory(name);
    try {
      file.setByteSize(byteSize);
      file.sealAgainstCuts();
      if (machine.forbidsOvercommit()) {
        machine.requireMemory("allocate", byteSize, target);
        file.reserve(0, byteSize, progress);
      }
      return file;
    } catch (MemoryException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static Mapping mapped(OpenFile file, long byteSize, long maximum, PageSize pageSize)
      throws MemoryException {
    try {
      return Mapping.ofFile(file, 0, byteSize, maximum, MappingKind.SHARED, pageSize);
    } catch (MemoryException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  @Override
  OpenFile file() {
    return file;
  }

  @Override
  void makeRoom(long newByteSize, ProgressListener progress) throws MemoryException {
    long byteSize = mapping().byteSize();
    if (maximum != RegionAttributes.NO_MAXIMUM && newByteSize > maximum) {
      throw MemoryException.of(
          "resize",
          newByteSize,
          target(),
          String.format(Locale.ROOT, "its file is bound to its maximum of %d bytes", maximum),
          "allocate it with a larger maximum, or with none");
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
    if (file.facts().byteSize() < newByteSize) {
      file.setByteSize(newByteSize);
    }
  }

  private void giveBackAfter(MemoryException failure, long byteSize, long newByteSize) {
    try {
      giveBack(byteSize, newByteSize);
    } catch (MemoryException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  void giveBack(long newByteSize, long oldByteSize) throws MemoryException {
    file.punchHole(newByteSize, Platform.roundUpToPage(oldByteSize) - newByteSize);
  }

  @Override
  void settle(long byteSize) throws MemoryException {
    if (byteSize == maximum && maximum != RegionAttributes.NO_MAXIMUM && !sealed) {
      file.sealByteSize();
      sealed = true;
    }
  }

  @Override
  public void close() {
    super.close();
    file.close();
  }
}
