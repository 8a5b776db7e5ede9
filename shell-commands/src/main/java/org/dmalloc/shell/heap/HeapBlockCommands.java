/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.DoubleFreeException;
import org.dmalloc.heap.Heap;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Allocates and frees blocks of a heap by hand, and gives them names. */
public final class HeapBlockCommands extends CommandSet {
  private static final int MOST_BLOCKS = 1 << 20;

  /** How many offsets a message shows. */
  private static final int MOST_SHOWN = 16;

  private final OpenHeaps open;

  HeapBlockCommands(Providers providers, OpenHeaps open) {
    super(providers, "heap alloc", "heap free", "heap roots", "heap root");
    this.open = open;
  }

  /**
   * Blocks that were allocated by a command.
   *
   * @param usableSize of each, in bytes
   */
  public record Blocks(String heap, long byteSize, long usableSize, List<Long> offsets)
      implements Printable {
    public Blocks {
      offsets = List.copyOf(offsets);
    }

    @Override
    public String text() {
      String shown =
          offsets.stream().limit(MOST_SHOWN).map(String::valueOf).collect(Collectors.joining(", "));
      int more = offsets.size() - MOST_SHOWN;
      return Message.of(
              "allocated %s of %d bytes, usable %d, in %s: %s%s",
              offsets.size() == 1 ? "a block" : offsets.size() + " blocks",
              byteSize,
              usableSize,
              heap,
              shown,
              more <= 0 ? "" : ", and " + more + " more; --json has all")
          .text();
    }

    @Override
    public Printable fitting(int width) {
      return new Message(Lines.wrap(text(), width));
    }

    /** The offsets, as words for {@code heap free}. */
    @Override
    public String toString() {
      return offsets.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }
  }

  @Descriptor("allocates blocks, and says at which offsets")
  @Affects(Effect.WRITE)
  public Printable alloc(
      HeapArguments which,
      @Argument("SIZE: bytes of a block: 100, 4k …") ByteSize size,
      @Argument("-n, --count COUNT=1: how many, all or none") Integer count,
      @Argument("--align ALIGN: a multiple of which each offset is: a power of two up to 2m")
          @Nullable ByteSize align,
      @Argument("-z, --zero: fills them with zeros") boolean zero,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    within("heap alloc", "--count", count, 1, MOST_BLOCKS, "blocks of one command");
    if (zero && align != null) {
      throw new UsageException("heap alloc: give --align or --zero, not both");
    }
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_WRITE)) {
      Heap heap = lease.heap();
      long[] offsets = new long[count];
      allocate(heap, size.bytes(), align == null ? 0 : align.bytes(), zero, offsets);
      Blocks blocks =
          new Blocks(
              lease.label(),
              size.bytes(),
              heap.usableSize(offsets[0]),
              LongStream.of(offsets).boxed().toList());
      return json ? new JsonResult(blocks) : blocks;
    }
  }

  private static void allocate(Heap heap, long byteSize, long align, boolean zero, long[] offsets)
      throws MemoryException {
    if (!zero && align == 0) {
      heap.allocate(byteSize, offsets, 0, offsets.length);
      return;
    }
    int done = 0;
    try {
      for (; done < offsets.length; done++) {
        offsets[done] = zero ? heap.allocateZeroed(1, byteSize) : heap.allocate(byteSize, align);
      }
    } finally {
      if (done < offsets.length) {
        heap.free(offsets, 0, done);
      }
    }
  }

  @Descriptor("frees blocks of a heap")
  @Affects({Effect.WRITE, Effect.DELETE})
  public Message free(
      HeapArguments which,
      @Argument("OFFSET…: the offsets that 'heap alloc' gave") List<Object> offsets)
      throws MemoryException {
    // All are read and looked at before the first is freed, so that a mistyped one prevents all.
    long[] blocks =
        offsets.stream().flatMap(HeapBlockCommands::words).mapToLong(this::offset).toArray();
    long[] sorted = blocks.clone();
    Arrays.sort(sorted);
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i] == sorted[i - 1]) {
        throw UsageException.of("heap free: OFFSET %d stands there twice", sorted[i]);
      }
    }
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_WRITE)) {
      long bytes = 0;
      for (long block : blocks) {
        bytes += sizeOf(block, lease);
      }
      lease.heap().free(blocks, 0, blocks.length);
      return Message.of(
          "freed %s, %s, in %s",
          blocks.length == 1 ? "1 block" : blocks.length + " blocks",
          ByteSize.format(bytes),
          lease.label());
    }
  }

  private static long sizeOf(long block, OpenHeaps.Lease lease) throws MemoryException {
    try {
      return lease.heap().usableSize(block);
    } catch (DoubleFreeException e) {
      throw UsageException.of(
          "heap free: the block at %d in %s is not allocated; nothing was freed",
          block, lease.label());
    } catch (IllegalArgumentException e) {
      throw UsageException.of(
          "heap free: no block of %s begins at %d; nothing was freed; give what 'heap alloc' has"
              + " printed",
          lease.label(), block);
    }
  }

  /** The result of {@code heap alloc} is words. */
  private static Stream<String> words(Object offset) {
    return Stream.of(offset.toString().strip().split("[,\\s]+", -1));
  }

  private long offset(String word) {
    if (word.isEmpty() || !Character.isDigit(word.charAt(0))) {
      throw UsageException.of(
          "heap free: OFFSET '%s' is no offset; give what 'heap alloc' has printed; 'heap root'"
              + " prints that of a root",
          word);
    }
    long offset = ByteSize.parse(word, "heap free: OFFSET").bytes();
    if (offset == Heap.NULL) {
      throw new UsageException("heap free: OFFSET 0 is no block");
    }
    return offset;
  }

  /** A name and what it stands for. */
  public record Root(String name, long offset) {}

  @Descriptor("lists the named roots of a heap")
  public Printable roots(HeapArguments which, @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_ONLY)) {
      List<Root> roots = new ArrayList<>();
      lease.heap().roots().forEach((name, offset) -> roots.add(new Root(name, offset)));
      if (json) {
        return new JsonResult(roots);
      }
      return new Listing<>(
          roots,
          "the heap of " + lease.label() + " has no root",
          List.of(
              Table.column("NAME", Root::name),
              Table.column("OFFSET", root -> Long.toString(root.offset))));
    }
  }

  @Descriptor("shows what a named root stands for, or gives the name to an offset")
  @Affects(Effect.WRITE)
  public Message root(
      HeapArguments which,
      @Argument("ROOT: the name") String name,
      @Argument("[OFFSET]: the offset that it is to stand for; 0 takes the name away")
          @Nullable ByteSize offset)
      throws MemoryException {
    AccessMode access = offset == null ? AccessMode.READ_ONLY : AccessMode.READ_WRITE;
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), access)) {
      if (offset == null) {
        OptionalLong found = lease.heap().root(name);
        if (found.isEmpty()) {
          throw UsageException.of(
              "the heap of %s has no root '%s'; see 'heap roots'", lease.label(), name);
        }
        return Message.of("%d", found.getAsLong());
      }
      lease.heap().setRoot(name, offset.bytes());
      return offset.bytes() == Heap.NULL
          ? Message.of("root '%s' of %s is taken away", name, lease.label())
          : Message.of("root '%s' of %s is %d", name, lease.label(), offset.bytes());
    }
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return HeapCandidates.of(providers(), open, placeholder);
  }

  @Override
  public Optional<List<String>> candidates(String placeholder, List<String> before) {
    return placeholder.equals("ROOT")
        ? Optional.of(HeapCandidates.roots(providers(), open, before))
        : candidates(placeholder);
  }
}
