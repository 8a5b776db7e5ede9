/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.lucene.store.BaseDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.IndexOutput;
import org.apache.lucene.store.LockFactory;
import org.apache.lucene.store.SingleInstanceLockFactory;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.jspecify.annotations.Nullable;

/**
 * A Lucene directory whose files are regions.
 *
 * <p>{@code ofStore} keeps an index in named regions, which outlive the process: what {@code
 * IndexWriter.commit} has returned for is durable. {@code ofMemory} keeps one in unnamed regions
 * until it is closed. Either takes any provider, {@code managed} among them: then single files of
 * the index can move to another backend while they are searched.
 *
 * <p><b>Durability.</b> Names are given, changed and deleted without waiting for the device. {@code
 * sync} forces the content of files, {@code syncMetaData} all names at once, as Lucene's commit
 * asks for them.
 *
 * <p><b>Ownership.</b> The caller closes the directory, and before that its inputs and outputs. The
 * provider is the caller's.
 *
 * <p><b>Threads.</b> Any thread may call; an input and its clones belong to one thread each, as
 * Lucene says.
 */
public final class RegionDirectory extends BaseDirectory {
  private final RegionFiles files;
  private final Reads reads;
  private final boolean prefetches;
  private final AtomicLong temporaryCount = new AtomicLong();

  /** How inputs read. */
  public enum Reads {
    /** By a section for each call, some nanoseconds: regions can move while they are read. */
    SECTIONS,
    /** By the raw segment, which pins the region until its last input is closed. */
    SEGMENTS
  }

  private RegionDirectory(
      RegionFiles files, LockFactory locks, Reads reads, MemoryProvider provider) {
    super(locks);
    this.files = files;
    this.reads = reads;
    // Without advice a prefetch waits for the reads, and is no gain for the one range that is told.
    this.prefetches =
        provider.capabilities().containsAll(Set.of(Capability.PREFETCH, Capability.ADVICE));
  }

  /**
   * An index in the named regions of a store. One process may write it, others read it meanwhile.
   *
   * @param directory of the store; null for the provider's configured one
   */
  public static RegionDirectory ofStore(
      MemoryProvider provider, @Nullable Path directory, Reads reads) {
    return new RegionDirectory(
        new StoredFiles(provider, directory),
        new RegionLockFactory(provider, directory),
        reads,
        provider);
  }

  /** An index in unnamed regions, which is gone when the directory is closed. */
  public static RegionDirectory ofMemory(MemoryProvider provider, Reads reads) {
    return new RegionDirectory(
        new MemoryFiles(provider), new SingleInstanceLockFactory(), reads, provider);
  }

  @Override
  public String[] listAll() throws IOException {
    ensureOpen();
    return files.list().stream().sorted().toArray(String[]::new);
  }

  @Override
  public long fileLength(String name) throws IOException {
    ensureOpen();
    return files.length(name);
  }

  @Override
  public IndexOutput createOutput(String name, IOContext context) throws IOException {
    ensureOpen();
    return new RegionOutput(name, files, files.create(name));
  }

  @Override
  public IndexOutput createTempOutput(String prefix, String suffix, IOContext context)
      throws IOException {
    ensureOpen();
    while (true) {
      String name = getTempFileName(prefix, suffix, temporaryCount.getAndIncrement());
      try {
        return new RegionOutput(name, files, files.create(name));
      } catch (FileAlreadyExistsException e) {
        // An earlier process left it: the next number.
      }
    }
  }

  @Override
  public IndexInput openInput(String name, IOContext context) throws IOException {
    ensureOpen();
    OpenFile file = files.open(name);
    RegionInput.Opened opened = new RegionInput.Opened(files, file, prefetches);
    return reads == Reads.SECTIONS
        ? SectionInput.over(name, opened)
        : SegmentInput.over(name, opened);
  }

  @Override
  public void deleteFile(String name) throws IOException {
    ensureOpen();
    files.delete(name);
  }

  @Override
  public void rename(String name, String newName) throws IOException {
    ensureOpen();
    files.rename(name, newName);
  }

  @Override
  public void sync(Collection<String> names) throws IOException {
    ensureOpen();
    files.force(names);
  }

  @Override
  public void syncMetaData() throws IOException {
    ensureOpen();
    files.forceNames();
  }

  /** None: what is deleted while it is open goes when it is closed, under no name. */
  @Override
  public Set<String> getPendingDeletions() {
    ensureOpen();
    return Set.of();
  }

  @Override
  public void close() throws IOException {
    isOpen = false;
    files.close();
  }
}
