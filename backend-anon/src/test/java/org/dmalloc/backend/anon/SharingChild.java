/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.testkit.DoomedJvm;

/**
 * Another JVM that shares a memfd: {@code SharingChild ACT FROM TO NUMBER}. It reads its token from
 * one file, and tells by another that it has done its part; then it keeps the region until it is
 * killed.
 */
final class SharingChild {
  /** What it does. */
  enum Act {
    /** Makes a region of NUMBER bytes, each word its offset, and tells its token. */
    MAKE,
    /** Attaches one, and tells its process and its number as a member. */
    HOLD,
    /** Attaches one, and adds 1 to its first word NUMBER times. */
    COUNT,
    /** Attaches one, and grows it to NUMBER bytes, each new word its offset. */
    GROW
  }

  private static final VarHandle WORD = JAVA_LONG.varHandle();

  private final DoomedJvm jvm;
  private final Path told;

  private SharingChild(DoomedJvm jvm, Path told) {
    this.jvm = jvm;
    this.told = told;
  }

  /** Starts one; files are made in the directory. */
  static SharingChild start(Path directory, Act act, String token, long number) throws IOException {
    Path from = Files.createTempFile(directory, "token", ".txt");
    Files.writeString(from, token);
    Path told = from.resolveSibling(from.getFileName() + ".told");
    DoomedJvm jvm =
        DoomedJvm.start(
            from.resolveSibling(from.getFileName() + ".log"),
            SharingChild.class,
            act.name(),
            from.toString(),
            told.toString(),
            Long.toString(number));
    return new SharingChild(jvm, told);
  }

  DoomedJvm jvm() {
    return jvm;
  }

  /** What it tells when it has done its part. */
  String await() throws Exception {
    jvm.await("it did its part", () -> Files.exists(told));
    return Files.readString(told);
  }

  static void add(MemoryRegion region, long times) {
    try (Access access = region.acquire()) {
      for (long i = 0; i < times; i++) {
        long before = (long) WORD.getAndAdd(access.segment(), 0L, 1L);
        if (before < 0) {
          throw new AssertionError("the count is " + before);
        }
      }
    }
  }

  static long count(MemoryRegion region) {
    try (Access access = region.acquire()) {
      return (long) WORD.getVolatile(access.segment(), 0L);
    }
  }

  static void fill(MemoryRegion region, long from) {
    try (Access access = region.acquire()) {
      for (long at = from; at + Long.BYTES <= region.byteSize(); at += Long.BYTES) {
        access.segment().set(JAVA_LONG, at, at);
      }
    }
  }

  static void check(MemoryRegion region, long from) {
    try (Access access = region.acquire()) {
      for (long at = from; at + Long.BYTES <= region.byteSize(); at += Long.BYTES) {
        long found = access.segment().get(JAVA_LONG, at);
        if (found != at) {
          throw new AssertionError("at " + at + " is " + found);
        }
      }
    }
  }

  /** Runs in the other JVM. */
  public static void main(String[] arguments) throws Exception {
    String token = Files.readString(Path.of(arguments[1]));
    long number = Long.parseLong(arguments[3]);
    AnonymousProvider provider = SourceFixture.start(MemorySource.MEMFD);
    Act act = Act.valueOf(arguments[0]);
    MemoryRegion region =
        act == Act.MAKE
            ? provider.allocate(RegionRequest.ofSize(number).withProcessShared(true))
            : provider.attach(token, RegionOptions.DEFAULT);
    tell(Path.of(arguments[2]), act(act, region, number));
    while (region.info().open()) {
      LockSupport.parkNanos(1_000_000_000);
    }
  }

  private static String act(Act act, MemoryRegion region, long number) throws MemoryException {
    switch (act) {
      case MAKE -> {
        fill(region, 0);
        return region.token();
      }
      case HOLD -> {
        return ProcessHandle.current().pid() + " " + region.members().orElseThrow().self();
      }
      case COUNT -> add(region, number);
      case GROW -> {
        long before = region.byteSize();
        region.resize(number);
        fill(region, before);
      }
    }
    return "done";
  }

  private static void tell(Path file, String what) throws IOException {
    Path whole = Path.of(file + ".tmp");
    Files.writeString(whole, what);
    Files.move(whole, file);
  }
}
