/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.spi.region.RegionLedger;

/** Makes the files of regions without a name, which end with their use. */
final class UnnamedFiles {
  private UnnamedFiles() {}

  static StoreFile create(RegionStore store, long byteSize, SpaceReserver reserver)
      throws MemoryException {
    Path directory = store.directory();
    boolean grows = reserver instanceof ZeroFill zeros && zeros.grows();
    if (!grows) {
      RegionLedger.checkNotInterrupted("allocate", -1, directory.toString());
    }
    String operation = grows ? "resize" : "allocate";
    FileLengths.checkAddressable(operation, byteSize, directory);
    return StoreErrors.call(
        operation,
        byteSize,
        directory,
        () -> {
          store.requireDirectory("allocate");
          LockedFile unnamed = Temporaries.createUnnamed(directory);
          StoreFile file = new StoreFile(store, unnamed, OpenMode.WRITER, NameDurability.NOW, null);
          try {
            file.initialiseUnnamed(byteSize, reserver);
            return file;
          } catch (IOException | RuntimeException | Error e) {
            RegionStore.closeAfter(e, file::abandon);
            throw e;
          }
        });
  }
}
