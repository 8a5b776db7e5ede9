/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.ResourceEvent;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.spi.limits.ResourceMonitor;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** JVMs with few descriptors: a listener hears before they end, and each call says when they do. */
@Timeout(120)
class DescriptorLimitTest {
  private static final String EMFILE = "EMFILE (24); raise the limit of open files (ulimit -n)";

  @TempDir Path directory;

  @Test
  void aListenerHearsBeforeDescriptorsEnd() throws Exception {
    List<String> lines = run(Listening.class);
    assertEquals(
        List.of("REACHED DESCRIPTORS below the limit, 5 largest", "LEFT DESCRIPTORS"), lines);
  }

  /** Nothing half-made is left of a call that found none, and each works once there is one. */
  @Test
  void eachOperationNamesTheLimitAndLeavesNothing() throws Exception {
    List<String> lines = run(Exhausted.class);
    assertTrue(lines.size() >= 12, lines.toString());
    for (String line : lines) {
      assertTrue(line.endsWith(": done") || line.endsWith(EMFILE), line);
    }
    assertTrue(lines.contains("close: done"), lines.toString());
    assertTrue(lines.contains("afterwards: done"), lines.toString());
    assertTrue(lines.stream().filter(line -> line.endsWith(EMFILE)).count() >= 5, lines.toString());
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(
          List.of("after.region", "member.region", "plain.region"),
          files
              .map(file -> String.valueOf(file.getFileName()))
              .filter(name -> !name.endsWith(".journal"))
              .sorted()
              .toList());
    }
  }

  private List<String> run(Class<?> main) throws Exception {
    boolean there = Files.isExecutable(Path.of("/usr/bin/prlimit"));
    if (!there) {
      System.out.println("SKIPPED: no prlimit (util-linux)");
    }
    Assumptions.assumeTrue(there, "no prlimit (util-linux)");
    Process process =
        new ProcessBuilder(
                "prlimit",
                "--nofile=150",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    List<String> lines;
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      lines = reader.readAllLines();
    }
    assertEquals(0, process.waitFor(), lines.toString());
    return lines;
  }

  private static PanamaProvider provider(String[] args) throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(Path.of(args[0]))));
  }

  /** Runs in the other JVM: takes descriptors until it is told, and gives some back. */
  static final class Listening {
    private Listening() {}

    public static void main(String[] args) throws Exception {
      PrintStream out = System.out;
      PanamaProvider provider = provider(args);
      BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
      try (ResourceMonitor monitor =
          new ResourceMonitor(
              KernelFiles.ofThisMachine(), () -> List.of(provider), Duration.ofMillis(5))) {
        monitor.listen(
            event -> {
              if (event.use().kind() == ResourceKind.DESCRIPTORS) {
                events.add(event);
              }
            });
        List<MemoryRegion> regions = new ArrayList<>();
        ResourceEvent told = null;
        while (told == null && regions.size() < 1000) {
          regions.add(provider.allocate(RegionRequest.ofSize(1 << 20)));
          told = events.poll(50, TimeUnit.MILLISECONDS);
        }
        if (told == null) {
          out.println("not told");
          return;
        }
        boolean below = told.use().used() < told.use().limit();
        out.printf(
            Locale.ROOT,
            "%s %s %s the limit, %d largest%n",
            told.direction(),
            told.use().kind(),
            below ? "below" : "at",
            told.largest().size());
        regions.forEach(MemoryRegion::close);
        ResourceEvent left = events.poll(60, TimeUnit.SECONDS);
        out.println(left == null ? "not told" : left.direction() + " " + left.use().kind());
      }
    }
  }

  /** Runs in the other JVM: tries each operation without a descriptor. */
  static final class Exhausted {
    private Exhausted() {}

    @FunctionalInterface
    private interface Attempt {
      void run() throws MemoryException;
    }

    public static void main(String[] args) throws Exception {
      PanamaProvider provider = provider(args);
      RegionRequest request = RegionRequest.ofSize(1 << 20);
      provider.allocate(request.withName("plain")).close();
      MemoryRegion open = provider.allocate(request.withMaximum(8 << 20));
      MemoryRegion member =
          provider.allocate(request.withName("member").withDurability(Durability.CHECKPOINT));
      Map<String, Attempt> attempts = new LinkedHashMap<>();
      attempts.put("allocate", () -> provider.allocate(request).close());
      attempts.put("allocate small", () -> provider.allocate(request.withByteSize(8)).close());
      attempts.put(
          "allocate named",
          () -> {
            provider.allocate(request.withName("new")).close();
            provider.delete("new");
          });
      attempts.put("open", () -> provider.open("plain").close());
      attempts.put("read", () -> provider.open(OpenRequest.of("plain").readOnly()).close());
      attempts.put("grow", () -> open.ensure(2 << 20));
      attempts.put("resize", () -> open.resize(16 << 20));
      attempts.put("force", () -> force(member));
      attempts.put("checkpoint", member::checkpoint);
      attempts.put(
          "snapshot",
          () -> {
            member.snapshot(SnapshotRequest.of("snap"));
            provider.delete("snap");
          });
      attempts.put(
          "rename",
          () -> {
            provider.rename("plain", "other", NameDurability.NOW, null);
            provider.rename("other", "plain", NameDurability.NOW, null);
          });
      attempts.put("list", provider::stored);
      attempts.put("verify", provider::verify);
      attempts.put("delete", () -> provider.delete("plain"));
      // All classes are loaded before: each is a file of its own here.
      rehearse(attempts);
      provider.allocate(request.withName("plain")).close();
      List<MemoryRegion> taken = exhaust(provider, request);
      PrintStream out = System.out;
      attempts.forEach((name, attempt) -> out.println(name + ": " + outcome(attempt)));
      taken.forEach(MemoryRegion::close);
      out.println("close: " + outcome(() -> {}));
      out.println(
          "afterwards: " + outcome(() -> provider.allocate(request.withName("after")).close()));
      if (provider.stored("plain", null).isEmpty()) {
        provider.allocate(request.withName("plain")).close();
      }
      open.close();
      member.close();
    }

    private static void force(MemoryRegion region) throws MemoryException {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 1);
      }
    }

    private static void rehearse(Map<String, Attempt> attempts) throws MemoryException {
      outcome(() -> OpenFile.open(Path.of("/absent"), AccessMode.READ_ONLY).close());
      outcome(() -> OpenFile.unnamedIn(Path.of("/absent")).close());
      for (Attempt attempt : attempts.values()) {
        attempt.run();
      }
    }

    private static List<MemoryRegion> exhaust(PanamaProvider provider, RegionRequest request) {
      List<MemoryRegion> taken = new ArrayList<>();
      try {
        while (taken.size() < 1000) {
          taken.add(provider.allocate(request));
        }
      } catch (MemoryException expected) {
        return taken;
      }
      throw new AssertionError("descriptors do not end");
    }

    private static String outcome(Attempt attempt) {
      try {
        attempt.run();
        return "done";
      } catch (MemoryException e) {
        return String.valueOf(e.getMessage());
      } catch (RuntimeException | Error e) {
        return e.toString();
      }
    }
  }
}
