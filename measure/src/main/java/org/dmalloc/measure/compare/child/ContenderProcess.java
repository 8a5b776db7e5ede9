/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.linux.LibraryHeap;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.compare.cell.CellRun;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/**
 * The main class of a child JVM: reads a {@link ChildTask}, runs it, and writes a {@link
 * ChildMessage} for each step. It ends at once when its standard input does, so that it never
 * outlives the command that started it.
 */
public final class ContenderProcess {
  private static final Gson GSON = new Gson();
  private static final int ORPHANED = 3;
  private static final int FAILED = 1;
  private static final long BLOCK_BYTES = 1 << 20;

  private final ChildTask task;
  private final PrintStream out;
  private final CellRunner runner;
  private @Nullable MemoryProvider provider;

  private ContenderProcess(ChildTask task, PrintStream out) {
    this.task = task;
    this.out = out;
    runner =
        new CellRunner(
            KernelFiles.ofThisMachine(),
            task.devices(),
            PeakCharge.of(KernelFiles.ofThisMachine(), task.peakFile()));
  }

  /** Runs the task that the first line of standard input holds. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new java.io.FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8));
    ChildTask task = GSON.fromJson(in.readLine(), ChildTask.class);
    Thread.ofPlatform().daemon(true).name("dmalloc-parent-watch").start(() -> haltAtEnd(in));
    ContenderProcess process = new ContenderProcess(task, out);
    int status = 0;
    try {
      process.run();
      process.tell(ChildMessage.Kind.DONE, "");
    } catch (IOException | RuntimeException | Error e) {
      process.tell(ChildMessage.Kind.FAILED, oneLine(e));
      status = FAILED;
    }
    // Not a return: nothing that the memory under test left behind may keep the process.
    Runtime.getRuntime().halt(status);
  }

  private static void haltAtEnd(BufferedReader in) {
    try {
      while (in.readLine() != null) {
        // Nothing more is said.
      }
    } catch (IOException e) {
      // A broken pipe means the same: nobody is there any more.
    }
    Runtime.getRuntime().halt(ORPHANED);
  }

  private void run() throws IOException {
    try (PagedMemory memory = open()) {
      tell(ChildMessage.Kind.READY, memory.note());
      PageOperations pages =
          new PageOperations(memory, task.batchPages(), task.seed(), task.stream());
      fill(memory, pages);
      IndexOperations index = null;
      long indexes = 0;
      for (ComparedWorkload workload : task.workloads()) {
        if (workload == ComparedWorkload.INDEX_BUILD) {
          // Under a number of its own: to it the pages of an earlier index are empty.
          index =
              new IndexOperations(
                  memory, task.batchPages() > 0, task.seed(), task.stream() + (++indexes << 32));
        }
        if (workload != ComparedWorkload.FILL) {
          measure(workload, memory, pages, index);
        }
      }
    }
  }

  private void fill(PagedMemory memory, PageOperations pages) throws IOException {
    tell(ChildMessage.Kind.BEGIN, ComparedWorkload.FILL.label());
    CellRun run =
        runner.run(ComparedWorkload.FILL, pages.fill(), memory::force, 0, task.fillNanos());
    report(run);
    if (run.operations() < memory.pageCount()) {
      memory.beginBulkLoad();
      load(memory, run.operations());
      memory.endBulkLoad(task.ramBytes());
    }
  }

  /** Fills what the measured part of a slow fill had no time for. */
  private void load(PagedMemory memory, long firstPage) throws IOException {
    PageContent content = new PageContent(task.seed());
    if (memory instanceof BufferPool pool) {
      pool.bulkLoad(firstPage, content);
      return;
    }
    PagedMemory.Cursor cursor = memory.cursor();
    for (long page = firstPage; page < memory.pageCount(); page++) {
      long at = cursor.enter(page, PagedMemory.Use.REPLACE);
      try {
        content.fillAt(cursor.segment(), at, page);
      } finally {
        cursor.leave();
      }
    }
  }

  private void measure(
      ComparedWorkload workload,
      PagedMemory memory,
      PageOperations pages,
      @Nullable IndexOperations index)
      throws IOException {
    tell(ChildMessage.Kind.BEGIN, workload.label());
    if (workload == ComparedWorkload.ALLOC_FREE && task.kind() == ChildTask.Kind.BUFFER_POOL) {
      tell(ChildMessage.Kind.REFUSED, "a buffer pool gives no memory");
      return;
    }
    Operation operation =
        switch (workload) {
          case FILL -> throw new IllegalStateException("the first fill is measured by itself");
          case SEQUENTIAL_READ -> pages.sequentialRead();
          case RANDOM_READ -> pages.randomRead();
          case ZIPF_READ -> pages.zipfRead();
          case RANDOM_WRITE -> pages.randomWrite();
          case MIXED_95_5 -> pages.fewStores();
          case MIXED_50_50 -> pages.manyStores();
          case POINTER_CHASE -> pages.pointerChase();
          case SCAN_AND_RANDOM -> pages.scanAndRandom();
          case WORKING_SET -> pages.workingSet();
          case ALLOC_FREE -> allocateFree();
          case INDEX_BUILD -> require(index).build();
          case INDEX_QUERY -> require(index).query();
        };
    report(
        runner.run(
            workload,
            operation,
            workload.owesDurability() ? memory::force : CellRunner.Durable.NOTHING,
            task.warmUpNanos(),
            task.cellNanos()));
  }

  private static IndexOperations require(@Nullable IndexOperations index) {
    if (index == null) {
      throw new IllegalStateException("the index was not prepared");
    }
    return index;
  }

  private void report(CellRun run) {
    if (task.measured().contains(run.workload())) {
      tell(new ChildMessage(ChildMessage.Kind.CELL, "", run));
    }
  }

  private PagedMemory open() throws IOException {
    return switch (task.kind()) {
      case LIBRARY_HEAP -> new LibraryHeapMemory(task.byteSize());
      case BUFFER_POOL ->
          new BufferPool(Path.of(task.directory()), task.byteSize(), task.poolBytes());
      case PROVIDER -> openRegion();
    };
  }

  private PagedMemory openRegion() throws IOException {
    MemoryProvider made =
        Dmalloc.open().start(task.provider(), TypedText.values(task.properties()));
    provider = made;
    RegionRequest request = RegionRequest.ofSize(task.byteSize()).withOwner("compare");
    if (made.capabilities().contains(Capability.DIRECTORY)) {
      request = request.withDirectory(Path.of(task.directory()));
    }
    String pattern = task.pattern();
    if (pattern != null) {
      request = request.withPattern(AccessPattern.valueOf(pattern));
    }
    String policy = task.policy();
    if (policy != null) {
      Set<SwapPolicy> policies = EnumSet.of(SwapPolicy.valueOf(policy));
      request = request.withPolicies(policies);
    }
    if (task.budgetBytes() > 0) {
      request = request.withResidentBudget(task.budgetBytes());
    }
    MemoryRegion region = made.allocate(request);
    return new RegionMemory(made, region, task.batchPages() > 0);
  }

  private Operation allocateFree() {
    MemoryProvider made = provider;
    if (made == null) {
      return share -> {
        try (Arena arena = Arena.ofConfined()) {
          touchEnds(LibraryHeap.allocate(BLOCK_BYTES, arena));
        }
        return 2;
      };
    }
    RegionRequest request = RegionRequest.ofSize(BLOCK_BYTES).withOwner("compare");
    RegionRequest placed =
        made.capabilities().contains(Capability.DIRECTORY)
            ? request.withDirectory(Path.of(task.directory()))
            : request;
    return share -> {
      try (MemoryRegion region = made.allocate(placed);
          Access access = region.acquire()) {
        touchEnds(access.segment());
      }
      return 2;
    };
  }

  private static void touchEnds(MemorySegment block) {
    block.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, 1);
    block.set(ValueLayout.JAVA_LONG_UNALIGNED, block.byteSize() - Long.BYTES, 1);
  }

  private void tell(ChildMessage.Kind kind, String text) {
    tell(new ChildMessage(kind, text, null));
  }

  private void tell(ChildMessage message) {
    out.println(ChildMessage.MARK + GSON.toJson(message));
  }

  private static String oneLine(Throwable thrown) {
    String message = thrown.getMessage();
    return message == null || message.isBlank()
        ? thrown.getClass().getName()
        : message.lines().findFirst().orElse(message);
  }
}
