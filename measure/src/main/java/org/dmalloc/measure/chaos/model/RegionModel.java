/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.model;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one region must contain: the version of each of its units, and for a checkpointed one those
 * of the last checkpoint. Bytes behind the last whole unit are zero. Belongs to one thread.
 */
public final class RegionModel {
  /** What kind of content it has. */
  public enum Kind {
    /** Units; a named one has after a kill all that was stored. */
    PLAIN,
    /** Units; after a kill it is as its last checkpoint. */
    CHECKPOINTED,
    /** Blocks of a heap. */
    HEAP,
    /** Units that never change. */
    SNAPSHOT
  }

  private final long key;
  private final long contentKey;
  private final Kind kind;
  private final long group;
  private final int unitBytes;
  private @Nullable String name;
  private long byteSize;
  private long[] versions;
  private long committedSize;
  private long[] committed = new long[0];

  /** The blocks of a heap, by the number that their content is made from. */
  private final Map<Long, Block> blocks = new TreeMap<>();

  /** A block of a heap. */
  public record Block(long offset, long byteSize) {}

  /**
   * A region of zeros.
   *
   * @param key who it is, for ever
   * @param group the key of the first region of its group; 0 for none
   */
  public RegionModel(
      long key, Kind kind, long group, int unitBytes, long byteSize, @Nullable String name) {
    this(key, key, kind, group, unitBytes, byteSize, name);
  }

  private RegionModel(
      long key,
      long contentKey,
      Kind kind,
      long group,
      int unitBytes,
      long byteSize,
      @Nullable String name) {
    this.key = key;
    this.contentKey = contentKey;
    this.kind = kind;
    this.group = group;
    this.unitBytes = unitBytes;
    this.byteSize = byteSize;
    this.name = name;
    versions = new long[units(byteSize)];
  }

  private int units(long bytes) {
    return Math.toIntExact(bytes / unitBytes);
  }

  /** What a snapshot of it has. */
  public RegionModel snapshot(long newKey, String newName) {
    RegionModel copy =
        new RegionModel(newKey, contentKey, Kind.SNAPSHOT, 0, unitBytes, byteSize, newName);
    copy.versions = versions.clone();
    return copy;
  }

  public long key() {
    return key;
  }

  /** The key that its units are made from; that of the original, for a snapshot. */
  public long contentKey() {
    return contentKey;
  }

  public Kind kind() {
    return kind;
  }

  public long group() {
    return group;
  }

  public int unitBytes() {
    return unitBytes;
  }

  public @Nullable String name() {
    return name;
  }

  public long byteSize() {
    return byteSize;
  }

  public int units() {
    return versions.length;
  }

  public long version(int unit) {
    return versions[unit];
  }

  public Map<Long, Block> blocks() {
    return blocks;
  }

  void rename(String newName) {
    name = newName;
  }

  void resize(long newByteSize) {
    byteSize = newByteSize;
    versions = Arrays.copyOf(versions, units(newByteSize));
  }

  void store(int unit, int count, long version) {
    Arrays.fill(versions, unit, unit + count, version);
  }

  /** All that is in it now is in the checkpoint. */
  void commit() {
    committedSize = byteSize;
    committed = versions.clone();
  }

  /** It is as the last checkpoint; its size stays, as that of an open region does. */
  void discard() {
    versions = Arrays.copyOf(committed, versions.length);
  }

  /** The state of the last checkpoint, with its size: what a process finds after a kill. */
  public RegionModel asCommitted() {
    RegionModel copy =
        new RegionModel(key, contentKey, kind, group, unitBytes, committedSize, name);
    copy.versions = committed.clone();
    return copy;
  }

  @Override
  public String toString() {
    return String.valueOf(name == null ? "unnamed " + Long.toHexString(key) : name);
  }
}
