/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Residency;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.PrivatePages;
import org.dmalloc.spi.checkpoint.GroupMember;
import org.dmalloc.spi.checkpoint.MemberMemory;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.MovableFile;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.spi.store.StoreFile;
import org.jspecify.annotations.Nullable;

/**
 * A private mapping of a stored file, which its group's checkpoints write to; owns mapping, file
 * and its place in the group. A new size is in the file's header with the next checkpoint.
 */
final class CheckpointedBacking implements RegionBacking, MemberMemory {
  private final RegionFile.Named file;
  private final StoreFile stored;
  private final Mapping mapping;
  private final PrivatePages own;
  private final GroupMember member;
  private final RegionTraits traits;
  private final Machine machine;
  private volatile long length;
  private volatile Object label = "";

  CheckpointedBacking(
      RegionFile.Named file,
      Mapping mapping,
      GroupMember member,
      RegionTraits traits,
      Machine machine)
      throws MemoryException {
    this.file = file;
    this.stored = file.inStore().orElseThrow();
    this.mapping = mapping;
    this.member = member;
    this.traits = traits;
    this.machine = machine;
    this.length = stored.ownLength();
    this.own = new PrivatePages(mapping, file.descriptor().target());
  }

  /** Makes the region a member of its group. */
  void join(BackedRegion region) {
    member.join(Objects.requireNonNull(stored.journal()), region, stored.memberFile(), this);
  }

  /** Gives up what it owns but the file, after a failure. */
  void abandon() {
    own.close();
  }

  /** Its file, which has the last checkpoint once that is applied. */
  RegionFile regionFile() {
    return file;
  }

  @Override
  public SectionGate gate() {
    return member.gate();
  }

  @Override
  public CheckpointGroup checkpoints() {
    return member.group();
  }

  @Override
  public MemorySegment segment() {
    return mapping.segment();
  }

  @Override
  public long backedBytes() throws MemoryException {
    return file.backedBytes();
  }

  @Override
  public MemorySegment pages() {
    return mapping.allPages();
  }

  @Override
  public long byteSize() {
    return mapping.byteSize();
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public void useLength(long newLength) {
    length = newLength;
  }

  @Override
  public long ownLength() {
    return length;
  }

  @Override
  public void keepLength(long newLength) {
    length = newLength;
  }

  @Override
  public boolean tracks() {
    return own.tracks();
  }

  @Override
  public void changed(long offset, long bytes, boolean arm, DirtyTracking.Visitor visitor)
      throws MemoryException {
    own.changed(offset, bytes, arm, visitor);
  }

  @Override
  public void drop(long[] offsets, long[] byteSizes) throws MemoryException {
    own.drop(offsets, byteSizes);
  }

  @Override
  public void dropAll() throws MemoryException {
    own.dropAll();
  }

  @Override
  public void revoke() {
    mapping.renew();
  }

  @Override
  public String mapping() {
    return mapping.flags();
  }

  @Override
  public void named(Object newRegion, String holder) {
    label = newRegion;
    file.describeHolder(holder);
  }

  @Override
  public void advise(Advice advice, long offset, long bytes) throws MemoryException {
    if (advice == Advice.POPULATE_READ) {
      new CheckedPaging(mapping, machine, label.toString())
          .populate(
              AccessMode.READ_ONLY,
              offset,
              bytes,
              ProgressListener.NONE,
              "the content is as it was");
    } else {
      mapping.advise(advice, offset, bytes);
    }
  }

  @Override
  public void prefetch(long[] offsets, long bytes) throws MemoryException {
    mapping.prefetch(offsets, bytes);
  }

  @Override
  public void release(long offset, long bytes) throws MemoryException {
    mapping.release(offset, bytes);
  }

  @Override
  public Residency residency(long offset, long bytes) throws MemoryException {
    return mapping.residency(offset, bytes);
  }

  @Override
  public void grow(long newByteSize, ProgressListener progress) throws MemoryException {
    growFile(newByteSize, progress);
    mapping.grow(newByteSize);
  }

  private void growFile(long newByteSize, ProgressListener progress) throws MemoryException {
    CheckpointedRegions.requireSize("resize", newByteSize, label.toString());
    file.checkName("resize");
    file.growAhead(newByteSize, progress);
  }

  /** To less by a checkpoint that has the new size, which is in the file when this returns. */
  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    if (newByteSize > mapping.byteSize()) {
      growFile(newByteSize, progress);
      mapping.resize(newByteSize);
    } else {
      file.checkName("resize");
      member.cutTo(newByteSize);
      mapping.resize(newByteSize);
      length = Math.min(length, newByteSize);
      stored.trim();
    }
    own.moved();
  }

  @Override
  public void trim() throws MemoryException {}

  @Override
  public void apart(boolean ends, Action work) throws MemoryException {
    member.apart(ends, work);
  }

  @Override
  public @Nullable MemoryException keepLast() {
    try {
      member.keepLast();
      return null;
    } catch (MemoryException e) {
      return e;
    }
  }

  @Override
  public void rename(String newName, Renamed renamed) throws MemoryException {
    stored.rename(newName, traits.nameDurability(), renamed);
    member.renamed(newName);
  }

  @Override
  public Optional<MovableFile> file() {
    return Optional.of(stored);
  }

  @Override
  public Optional<String> detached() {
    return stored.fate();
  }

  @Override
  public void wipe(long offset, long length) throws MemoryException {
    file.wipe(offset, length);
  }

  @Override
  public void unmap() {
    mapping.close();
  }

  @Override
  public void close() throws MemoryException {
    end(file::close);
  }

  @Override
  public void delete() throws MemoryException {
    end(
        () -> {
          file.delete();
          member.remove();
        });
  }

  private void end(Action release) throws MemoryException {
    try {
      own.close();
      release.run();
    } finally {
      member.leave();
    }
  }
}
