/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.SegmentPages;
import org.dmalloc.measure.SegmentPages.Use;
import org.dmalloc.measure.disk.DirectLoop;
import org.dmalloc.report.Units;
import org.jspecify.annotations.Nullable;

/**
 * What a database uses instead of mmap: a pool of 4 KiB frames over reads and writes of a file past
 * the page cache (O_DIRECT where the file system supports it). Caffeine (W-TinyLFU) selects the
 * pages to keep. The thread that needs the frame of a changed page writes the page.
 *
 * <p>A page in use is pinned. If the cache drops it meanwhile, its frame waits for the last user.
 * Loads and write-backs happen inside the cache's atomic operations on the page's key, so that no
 * thread reads a page from the file while it is written there. Stores must come from one thread at
 * a time while no other works: concurrent stores would need a latch on each page, and no workload
 * here needs them.
 */
public final class BufferPool implements PageStore {
  /** Frames beyond the capacity, for pages that are pinned or about to be dropped. */
  private static final int SPARE_FRAMES = 256;

  private static final int BULK_BYTES = 1 << 20;

  private final long pageCount;
  private final int capacity;
  private final Path file;
  private final FileChannel channel;
  private final boolean direct;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment frames;
  private final ConcurrentLinkedQueue<Frame> free = new ConcurrentLinkedQueue<>();
  private final Cache<Long, Frame> cache;

  private static final class Frame {
    final long offset;
    long page = -1;
    int pins;
    boolean dirty;
    boolean dropped;

    Frame(long offset) {
      this.offset = offset;
    }
  }

  /**
   * Creates the file, which is deleted at once and so vanishes with the process, and the frames.
   */
  public BufferPool(Path directory, long byteSize, long poolBytes) throws IOException {
    pageCount = byteSize / PageContent.PAGE_BYTES;
    capacity = Math.toIntExact(Math.max(1024, poolBytes / PageContent.PAGE_BYTES) - SPARE_FRAMES);
    file =
        Files.createTempFile(
            directory,
            ".dmalloc-pool-",
            ".pages",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    FileChannel opened = null;
    try {
      opened = open(DirectLoop.direct());
    } catch (IOException | UnsupportedOperationException e) {
      // tmpfs and some others have no O_DIRECT; the note names the page cache in between.
    }
    direct = opened != null;
    channel = opened != null ? opened : open();
    Files.delete(file);
    frames =
        arena.allocate(
            (long) (capacity + SPARE_FRAMES) * PageContent.PAGE_BYTES, PageContent.PAGE_BYTES);
    for (int i = 0; i < capacity + SPARE_FRAMES; i++) {
      free.add(new Frame((long) i * PageContent.PAGE_BYTES));
    }
    cache =
        Caffeine.newBuilder()
            .maximumSize(capacity)
            .initialCapacity(capacity)
            .executor(Runnable::run)
            .evictionListener(this::evicted)
            .build();
  }

  private FileChannel open(OpenOption... more) throws IOException {
    Set<OpenOption> options = new HashSet<>(Set.of(more));
    options.addAll(Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
    return FileChannel.open(file, options);
  }

  @Override
  public long pageCount() {
    return pageCount;
  }

  @Override
  public SegmentPages pages() {
    return new PoolPages();
  }

  @Override
  public boolean forget() throws IOException {
    force();
    cache.asMap().keySet().forEach(this::discard);
    return true;
  }

  private void discard(Long page) {
    Frame frame = cache.asMap().remove(page);
    if (frame != null) {
      release(frame);
    }
  }

  /** Writes pages in order, many at once, past the pool. The pool keeps the last of them. */
  @Override
  public void bulkLoad(long firstPage, PageContent content) throws IOException {
    // The pool's content would be stale.
    forget();
    MemorySegment buffer = arena.allocate(BULK_BYTES, PageContent.PAGE_BYTES);
    int perBuffer = BULK_BYTES / PageContent.PAGE_BYTES;
    for (long page = firstPage; page < pageCount; page += perBuffer) {
      int count = (int) Math.min(perBuffer, pageCount - page);
      for (int i = 0; i < count; i++) {
        content.fillAt(buffer, (long) i * PageContent.PAGE_BYTES, page + i);
      }
      write(
          buffer.asSlice(0, (long) count * PageContent.PAGE_BYTES).asByteBuffer(),
          page * PageContent.PAGE_BYTES);
      for (int i = 0; i < count; i++) {
        if (page + i >= pageCount - capacity) {
          keep(page + i, buffer.asSlice((long) i * PageContent.PAGE_BYTES, PageContent.PAGE_BYTES));
        }
      }
    }
    channel.force(false);
  }

  /** Puts a page that was just written into the pool, as if it had been read. */
  private void keep(long page, MemorySegment content) {
    Frame frame = takeFree();
    MemorySegment.copy(content, 0, frames, frame.offset, PageContent.PAGE_BYTES);
    synchronized (frame) {
      frame.page = page;
      frame.dropped = false;
    }
    Frame before = cache.asMap().put(page, frame);
    if (before != null) {
      release(before);
    }
  }

  @Override
  public long force() throws IOException {
    long begin = System.nanoTime();
    for (Frame frame : cache.asMap().values()) {
      synchronized (frame) {
        writeBack(frame);
      }
    }
    channel.force(false);
    return System.nanoTime() - begin;
  }

  @Override
  public String note() {
    return String.format(
        Locale.ROOT,
        "pool of %s over FileChannel%s, Caffeine",
        Units.bytes((long) capacity * PageContent.PAGE_BYTES),
        direct ? " with O_DIRECT" : " through the page cache (no O_DIRECT here)");
  }

  @Override
  public void close() throws IOException {
    channel.close();
    arena.close();
  }

  /** Finds or loads the frame of a page, and pins it. */
  private Frame pin(long page, Use use) throws IOException {
    while (true) {
      Frame frame = cache.getIfPresent(page);
      if (frame == null) {
        frame = load(page, use);
      }
      synchronized (frame) {
        if (frame.page == page && !frame.dropped) {
          frame.pins++;
          frame.dirty |= use != Use.LOAD;
          return frame;
        }
        // The page was dropped between the lookup and the pin.
      }
    }
  }

  private Frame load(long page, Use use) throws IOException {
    Frame spare = takeFree();
    Frame loaded;
    try {
      loaded =
          cache.get(
              page,
              key -> {
                try {
                  if (use != Use.REPLACE) {
                    read(spare, key);
                  }
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
                synchronized (spare) {
                  spare.page = key;
                  spare.dropped = false;
                }
                return spare;
              });
    } catch (UncheckedIOException e) {
      free.add(spare);
      throw e.getCause();
    }
    if (loaded != spare) {
      free.add(spare);
    }
    return loaded;
  }

  private Frame takeFree() {
    while (true) {
      Frame frame = free.poll();
      if (frame != null) {
        return frame;
      }
      cache.cleanUp();
    }
  }

  private void evicted(@Nullable Long page, @Nullable Frame frame, RemovalCause cause) {
    if (frame != null) {
      try {
        synchronized (frame) {
          writeBack(frame);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      release(frame);
    }
  }

  private void release(Frame frame) {
    synchronized (frame) {
      frame.dropped = true;
      if (frame.pins == 0) {
        frame.page = -1;
        free.add(frame);
      }
    }
  }

  private void unpin(Frame frame) {
    synchronized (frame) {
      frame.pins--;
      if (frame.pins == 0 && frame.dropped) {
        frame.page = -1;
        free.add(frame);
      }
    }
  }

  private void read(Frame frame, long page) throws IOException {
    ByteBuffer buffer = bytes(frame);
    long position = page * PageContent.PAGE_BYTES;
    while (buffer.hasRemaining()) {
      int count = channel.read(buffer, position + buffer.position());
      if (count < 0) {
        throw new EOFException("pool file ends before page " + page);
      }
    }
  }

  private void writeBack(Frame frame) throws IOException {
    if (frame.dirty) {
      frame.dirty = false;
      write(bytes(frame), frame.page * PageContent.PAGE_BYTES);
    }
  }

  private void write(ByteBuffer buffer, long position) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer, position + buffer.position());
    }
  }

  private ByteBuffer bytes(Frame frame) {
    return frames.asSlice(frame.offset, PageContent.PAGE_BYTES).asByteBuffer();
  }

  private final class PoolPages extends SegmentPages {
    private @Nullable Frame pinned;

    @Override
    public long enter(long page, Use use) throws IOException {
      Frame frame = pin(page, use);
      pinned = frame;
      return frame.offset;
    }

    @Override
    public MemorySegment segment() {
      return frames;
    }

    @Override
    public void leave() {
      Frame frame = pinned;
      if (frame != null) {
        pinned = null;
        unpin(frame);
      }
    }
  }
}
