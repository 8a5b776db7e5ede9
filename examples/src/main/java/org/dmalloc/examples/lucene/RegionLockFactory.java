/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.Lock;
import org.apache.lucene.store.LockFactory;
import org.apache.lucene.store.LockObtainFailedException;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.jspecify.annotations.Nullable;

/**
 * A lock is a region that is open for writing: a store lets one in, of all processes, and lets go
 * of it when that one ends in any way.
 */
final class RegionLockFactory extends LockFactory {
  private static final int ENOENT = 2;

  private final MemoryProvider provider;
  private final @Nullable Path directory;

  RegionLockFactory(MemoryProvider provider, @Nullable Path directory) {
    this.provider = provider;
    this.directory = directory;
  }

  @Override
  public Lock obtainLock(Directory of, String name) throws IOException {
    try {
      return new RegionLock(open(name));
    } catch (MemoryException e) {
      throw new LockObtainFailedException("lock " + name + ": " + e.getMessage(), e);
    }
  }

  private MemoryRegion open(String name) throws MemoryException {
    try {
      return provider.open(OpenRequest.of(name).withDirectory(directory));
    } catch (MemoryException e) {
      if (e.errno() != ENOENT) {
        throw e;
      }
      return provider.allocate(
          RegionRequest.ofSize(1)
              .withName(name)
              .withDirectory(directory)
              .withNameDurability(NameDurability.ON_FORCE));
    }
  }

  private static final class RegionLock extends Lock {
    private final MemoryRegion region;

    RegionLock(MemoryRegion region) {
      this.region = region;
    }

    @Override
    public void ensureValid() throws IOException {
      if (!region.info().open()) {
        throw new AlreadyClosedException("the lock was released: " + region);
      }
      String fate = region.detached().orElse("");
      if (!fate.isEmpty()) {
        throw new AlreadyClosedException("the lock is lost: " + fate);
      }
    }

    @Override
    public void close() {
      region.close();
    }

    @Override
    public String toString() {
      return "RegionLock(" + region + ")";
    }
  }
}
