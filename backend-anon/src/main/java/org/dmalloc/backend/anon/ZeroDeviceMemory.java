/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.nio.file.Path;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MappingKind;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.spi.machine.Machine;

/**
 * A shared mapping of {@code /dev/zero}. Each is an object of its own, whose size is fixed when it
 * is made: so a maximum is mapped as a whole, and its pages are taken as they are used; beyond it
 * the content is copied to another object.
 */
final class ZeroDeviceMemory extends AnonymousMemory {
  private static final Path DEVICE = Path.of("/dev/zero");

  ZeroDeviceMemory(long byteSize, long maximum, PageSize pageSize, Machine machine)
      throws MemoryException {
    super(mapped(byteSize, maximum, pageSize, machine), DEVICE.toString(), machine);
  }

  private static OpenFile open() throws MemoryException {
    return OpenFile.open(DEVICE, AccessMode.READ_WRITE);
  }

  private static Mapping mapped(long byteSize, long maximum, PageSize pageSize, Machine machine)
      throws MemoryException {
    if (maximum != RegionAttributes.NO_MAXIMUM) {
      machine.requirePromise("allocate", byteSize, DEVICE.toString()); // mmap does not ask then
    }
    try (OpenFile device = open()) {
      return Mapping.ofFile(device, 0, byteSize, maximum, MappingKind.SHARED, pageSize);
    }
  }

  @Override
  void makeRoom(long newByteSize, ProgressListener progress) throws MemoryException {
    machine().requirePromise("resize", newByteSize, target());
    if (newByteSize > mapping().room()) {
      machine().requireMemory("resize", mapping().byteSize(), target()); // for the copy
    }
  }

  @Override
  void remap(long newByteSize, ProgressListener progress) throws MemoryException {
    if (newByteSize <= mapping().room()) {
      super.remap(newByteSize, progress);
    } else {
      try (OpenFile device = open()) {
        mapping().replace(device, newByteSize, progress);
      }
    }
  }
}
