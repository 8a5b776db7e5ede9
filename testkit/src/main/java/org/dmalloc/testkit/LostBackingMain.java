/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.backing.BackingRegion;
import org.jspecify.annotations.Nullable;

/**
 * The JVM that goes on with regions whose files were cut short: {@code LostBackingMain FIXTURE
 * DIRECTORY}. It makes each call of a region on one of its own, and ends with a status if one of
 * them does anything but return or refuse.
 */
public final class LostBackingMain {
  private static final long MIB = 1L << 20;
  private static final long KEPT = MIB / 4;
  private static final int RECORD = 100;

  /** What has to read or write the bytes that are lost, so that it cannot just return. */
  private static final Set<String> NEED_ALL =
      Set.of("visit", "visit late", "gather", "scatter", "snapshot", "bytes", "force");

  private final MemoryProvider provider;
  private final Path directory;
  private final List<String> mistakes = new ArrayList<>();

  private LostBackingMain(MemoryProvider provider, Path directory) {
    this.provider = provider;
    this.directory = directory;
  }

  public static void main(String[] args) throws Exception {
    ProviderFixture fixture =
        Class.forName(args[0]).asSubclass(ProviderFixture.class).getConstructor().newInstance();
    Path directory = Path.of(args[1]);
    MemoryProvider provider = fixture.start(ProviderSettings.in(directory));
    LostBackingMain run = new LostBackingMain(provider, directory);
    run.all();
    fixture.stop(provider);
    if (!run.mistakes.isEmpty()) {
      throw new AssertionError(String.join(System.lineSeparator(), run.mistakes));
    }
    System.exit(0); // the fixture's framework may have threads left
  }

  /** A call of a region. */
  @FunctionalInterface
  private interface Call {
    void on(MemoryRegion region) throws IOException;
  }

  private void all() throws IOException {
    MemoryRegion other = provider.allocate(RegionRequest.ofSize(MIB).withName("other"));
    Pattern.write(other, 5);
    for (Map.Entry<String, Call> each : calls().entrySet()) {
      RegionRequest request = RegionRequest.ofSize(MIB).withName("cut");
      cutAndCall(each.getKey(), each.getValue(), request);
    }
    if (provider.capabilities().contains(Capability.CHECKPOINT)) {
      checkpointed().forEach(this::cutCheckpointed);
    }
    Pattern.check(other, 5);
    require("other", other.failure().isEmpty(), "marked: " + other.failure());
    other.verifyBacked();
    other.close();
  }

  private Map<String, Call> calls() {
    Map<String, Call> calls = new LinkedHashMap<>();
    long[] offsets = LongStream.range(0, 2000).map(i -> (i * 7919 * 64) % (MIB - RECORD)).toArray();
    calls.put("info", MemoryRegion::info);
    calls.put("detached", MemoryRegion::detached);
    calls.put("bytes", LostBackingMain::bytes);
    calls.put(
        "visit",
        region ->
            BatchedAccess.of(region, RECORD)
                .visit(offsets, (segment, at, i) -> segment.get(JAVA_BYTE, at)));
    calls.put(
        "visit late", // the last page is the first that is touched
        region ->
            BatchedAccess.of(region, 1)
                .visitInAnyOrder(
                    new long[] {MIB - 1}, (segment, at, i) -> segment.get(JAVA_BYTE, at)));
    calls.put("gather", region -> copy(region, offsets, true));
    calls.put("scatter", region -> copy(region, offsets, false));
    calls.put("setLength", region -> region.setLength(MIB - 10));
    calls.put("protect", region -> region.protect(MIB - 4096, 4096, AccessMode.READ_ONLY));
    calls.put("snapshot", region -> region.snapshot(SnapshotRequest.of("copy")));
    calls.put("load", LostBackingMain::load);
    calls.put("rename", region -> region.rename("cut elsewhere"));
    Set<Capability> can = provider.capabilities();
    calls.put("prefetch", region -> region.prefetch(offsets, RECORD));
    calls.put("residency", MemoryRegion::residency);
    calls.put("force", MemoryRegion::force);
    calls.put("force a part", region -> region.force(MIB - 8192, 8192));
    calls.put("release", MemoryRegion::release);
    calls.put("limit", region -> region.limitResident(MIB / 2));
    calls.put("punch", region -> region.punch(KEPT - 100, 8192, Punch.RELEASE));
    calls.put("punch kept", region -> region.punch(MIB - 10_000, 5000, Punch.KEEP_RESERVED));
    calls.put("reserve", region -> region.reserve(0, MIB));
    calls.put("resize larger", region -> region.resize(2 * MIB));
    calls.put("resize smaller", region -> region.resize(MIB - 5000));
    calls.put("resize to what is left", region -> region.resize(KEPT / 2));
    calls.put("ensure", region -> region.ensure(3 * MIB));
    for (Advice advice : provider.supportedAdvice()) {
      calls.put("advise " + advice, region -> region.advise(advice));
    }
    calls.put("close", MemoryRegion::close);
    if (!can.contains(Capability.NAMED)) {
      calls.remove("rename");
    }
    return calls;
  }

  /** A loop of loads, as a program makes it, with the error made an exception. */
  private static void bytes(MemoryRegion region) throws MemoryException {
    BusErrors.in(
        region,
        "sum",
        () -> {
          long sum = 0;
          try (Access access = region.acquire()) {
            for (long at = 0; at < MIB; at++) {
              sum += access.segment().get(JAVA_BYTE, at);
            }
          }
          return sum;
        });
  }

  private static void copy(MemoryRegion region, long[] offsets, boolean out)
      throws MemoryException {
    try (Arena arena = Arena.ofConfined()) {
      var packed = arena.allocate(offsets.length * (long) RECORD);
      BatchedAccess access = BatchedAccess.of(region, RECORD);
      if (out) {
        access.gather(offsets, packed, RECORD);
      } else {
        access.scatter(offsets, packed, RECORD);
      }
    }
  }

  private static void load(MemoryRegion region) throws MemoryException {
    if (region instanceof BackingRegion backing) {
      try (Arena arena = Arena.ofConfined()) {
        backing.load(0, arena.allocate(MIB));
      }
    }
  }

  private void cutAndCall(String name, Call call, RegionRequest request) throws IOException {
    MemoryRegion region = provider.allocate(request);
    try {
      Pattern.write(region, 6);
      cut(region);
      MemoryException told = refusal(name, call, region);
      if (NEED_ALL.contains(name) && !unsupported) {
        require(name, told != null && saysCut(told), "told " + told);
      }
      if (region.info().open() && region.byteSize() == MIB && !name.equals("load")) {
        requireMarked(name, region);
      }
    } finally {
      end(name, region);
    }
  }

  private static boolean saysCut(MemoryException told) {
    String message = String.valueOf(told.getMessage());
    return message.contains("cut short") || message.contains("truncated");
  }

  /** Cuts the file so that a quarter of the region is left. */
  private static void cut(MemoryRegion region) throws IOException {
    Path file = Objects.requireNonNull(region.info().path());
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - MIB + KEPT);
    }
  }

  private void requireMarked(String name, MemoryRegion region) throws MemoryException {
    String failure = region.failure().orElse("nothing");
    require(
        name,
        failure.equals("its file was cut short: bytes from 262144 on, of 1048576, are lost"),
        "says " + failure);
    region.verifyBacked(0, KEPT);
    try {
      region.verifyBacked();
      mistakes.add(name + ": verifyBacked let it pass");
    } catch (MemoryException e) {
      require(name, saysCut(e), "told " + e);
    }
  }

  /** Whether the last call is not to be had here. */
  private boolean unsupported;

  /** What the call refused; null if it returned. Anything else is a mistake. */
  private @Nullable MemoryException refusal(String name, Call call, MemoryRegion region) {
    unsupported = false;
    try {
      call.on(region);
      return null;
    } catch (MemoryException e) {
      return e;
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof MemoryException cause) {
        return cause;
      }
      mistakes.add(name + ": " + e);
    } catch (UnsupportedOperationException e) {
      unsupported = true; // what it does not offer it cannot do wrong
    } catch (IOException | RuntimeException | Error e) {
      mistakes.add(name + ": " + e);
    }
    return null;
  }

  private void end(String name, MemoryRegion region) throws MemoryException {
    String nameNow = String.valueOf(region.info().name());
    refusal("close after " + name, MemoryRegion::close, region);
    require(name, !region.info().open(), "cannot be closed");
    provider.delete(nameNow);
    if (provider.stored("copy", null).isPresent()) {
      provider.delete("copy");
    }
  }

  // --- checkpointed regions ---

  private Map<String, Call> checkpointed() {
    Map<String, Call> calls = new LinkedHashMap<>();
    calls.put("checkpoint", region -> region.checkpoint());
    calls.put("discard", MemoryRegion::discard);
    calls.put("status", region -> region.checkpoints().status());
    calls.put("snapshot checkpointed", region -> region.snapshot(SnapshotRequest.of("copy")));
    calls.put("resize checkpointed", region -> region.resize(MIB / 2));
    calls.put("close checkpointed", MemoryRegion::close);
    return calls;
  }

  /** The file has one checkpoint; then more is stored, and the file is cut. */
  private void cutCheckpointed(String name, Call call) {
    try {
      RegionRequest request =
          RegionRequest.ofSize(MIB).withName("cut").withDurability(Durability.CHECKPOINT);
      MemoryRegion region = provider.allocate(request);
      try {
        Pattern.write(region, 7);
        long number = region.checkpoint();
        Await.until(
            "the file to have the checkpoint",
            () -> region.checkpoints().status().applied() >= number);
        Pattern.write(region, 8);
        cut(region);
        MemoryException told = refusal(name, call, region);
        boolean needed = name.equals("checkpoint") || name.startsWith("snapshot");
        require(name, !needed || unsupported || (told != null && saysCut(told)), "told " + told);
      } finally {
        end(name, region);
      }
    } catch (Exception e) {
      throw new AssertionError(directory + ": " + name, e);
    }
  }

  private void require(String name, boolean holds, String what) {
    if (!holds) {
      mistakes.add(name + ": " + what);
    }
  }
}
