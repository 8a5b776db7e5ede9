/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.backing.ArrivingRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.spi.checkpoint.GroupMember;
import org.dmalloc.spi.checkpoint.Journal;
import org.dmalloc.spi.checkpoint.MemberFile;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.spi.store.StoreFile;

/** File and journal of a checkpointed region that comes from another store. */
final class ArrivingFile implements ArrivingRegion {
  private static final Logger LOG = System.getLogger(ArrivingFile.class.getName());

  private final CheckpointedRegions regions;
  private final RegionRequest request;
  private final long carriedAs;
  private final RegionFile.Named file;
  private final StoreFile stored;
  private final Journal journal;
  private final MemberFile content;
  private long byteSize;
  private boolean arrived;

  /** File and journal without a name, which belong to this from now on. */
  ArrivingFile(
      CheckpointedRegions regions,
      RegionRequest request,
      long carriedAs,
      RegionFile.Named file,
      Journal journal) {
    this.regions = regions;
    this.request = request;
    this.carriedAs = carriedAs;
    this.file = file;
    this.stored = file.inStore().orElseThrow();
    this.journal = journal;
    this.content = stored.memberFile();
    this.byteSize = request.byteSize();
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public void resize(long newByteSize) throws MemoryException {
    if (newByteSize > byteSize) {
      file.growAhead(newByteSize, ProgressListener.NONE);
    }
    settle(newByteSize, -1);
    if (newByteSize < byteSize) {
      stored.trim();
    }
    byteSize = newByteSize;
  }

  private void settle(long newByteSize, long length) throws MemoryException {
    run("move", () -> content.settle(newByteSize, length));
  }

  @Override
  public void load(long offset, MemorySegment bytes) throws MemoryException {
    stored.data().write(offset, bytes);
  }

  @Override
  public void force() throws MemoryException {
    run("force", content::sync);
  }

  /** Work on the file. */
  @FunctionalInterface
  private interface FileWork {
    void run() throws IOException;
  }

  private void run(String operation, FileWork work) throws MemoryException {
    try {
      work.run();
    } catch (IOException e) {
      throw Errno.exception(operation, byteSize, String.valueOf(request.name()), e);
    }
  }

  @Override
  public BackingRegion arrive(CarriedGroup.Last last) throws MemoryException {
    if (last.byteSize() != byteSize) {
      resize(last.byteSize());
    }
    force();
    settle(byteSize, last.length());
    stored.keepLength(last.length());
    force();
    journal.arrive(stored.store().directory(), last.number(), last.at());
    GroupMember member = regions.adopt(journal, request);
    arrived = true; // file and journal are the region's, or gone
    return regions.arrived(request.name(), file, byteSize, request.options(), member, carriedAs);
  }

  @Override
  public void close() {
    if (!arrived) {
      giveUp(file::delete);
      giveUp(journal::delete);
    }
  }

  /** What is left goes with the process. */
  private void giveUp(Action part) {
    try {
      part.run();
    } catch (MemoryException | RuntimeException e) {
      LOG.log(Level.WARNING, "giving up the unfinished {0}: {1}", stored.path(), e.getMessage());
    }
  }
}
