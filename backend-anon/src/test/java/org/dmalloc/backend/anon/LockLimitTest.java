/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Locks beyond RLIMIT_MEMLOCK, in a JVM that is bound by it: started by prlimit, and by setpriv
 * without CAP_IPC_LOCK where this one runs as root.
 */
@Timeout(120)
class LockLimitTest {
  private static final long LIMIT = 65_536;

  /** What the limited JVM runs; prints one line per refusal. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws MemoryException {
      for (MemorySource source : MemorySource.values()) {
        AnonymousProvider provider = SourceFixture.start(source);
        try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(1 << 20))) {
          region.apply(SwapPolicy.HUGE_PAGES);
          System.out.println(source + " NEVER: " + refused(() -> region.apply(SwapPolicy.NEVER)));
          require(region.info().policies().equals(Set.of(SwapPolicy.HUGE_PAGES)));
          require(!region.info().locked() && region.residency().lockedBytes() == 0);
          try (Access access = region.acquire()) {
            access.segment().fill((byte) 1);
          }
        }
        RegionRequest locked = RegionRequest.ofSize(1 << 20).lockedInRam();
        System.out.println(source + " locked: " + refused(() -> provider.allocate(locked).close()));
        require(provider.statistics().openBytes() == 0);
      }
      AnonymousProvider provider = SourceFixture.start(MemorySource.PRIVATE);
      try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(4096).lockedInRam())) {
        System.out.println("GROWTH: " + refused(() -> region.resize(1 << 20)));
        require(region.byteSize() == 4096 && region.residency().lockedBytes() == 4096);
      }
    }

    private interface Call {
      void make() throws MemoryException;
    }

    private static String refused(Call call) {
      try {
        call.make();
        return "was not refused";
      } catch (MemoryException e) {
        return e.getMessage();
      }
    }

    private static void require(boolean condition) {
      if (!condition) {
        throw new IllegalStateException("a refused lock changed something");
      }
    }
  }

  @Test
  void theLimitAndWaysToRaiseItAreNamed() throws Exception {
    List<String> command = new ArrayList<>(List.of("prlimit", "--memlock=" + LIMIT + ":" + LIMIT));
    if ("root".equals(System.getProperty("user.name"))) {
      command.addAll(List.of("setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-all"));
    }
    requireRunnable(command);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx64m",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Child.class.getName()));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(child.waitFor(60, TimeUnit.SECONDS), said);
    assertEquals(0, child.exitValue(), said);
    List<String> lines = said.lines().toList();
    assertEquals(2 * MemorySource.values().length + 1, lines.size(), said);
    for (String line : lines) {
      assertTrue(line.contains("RLIMIT_MEMLOCK is " + LIMIT + " bytes"), said);
      assertTrue(line.contains("ulimit -l") && line.contains("LimitMEMLOCK="), said);
      assertTrue(line.contains("1048576 bytes"), said);
    }
  }

  private static void requireRunnable(List<String> command)
      throws IOException, InterruptedException {
    List<String> trial = new ArrayList<>(command);
    trial.add("true");
    String failure = TemporarySwap.run(trial.toArray(String[]::new));
    if (!failure.isEmpty()) {
      throw TemporarySwap.skip("no JVM can be bound by RLIMIT_MEMLOCK here: " + failure);
    }
  }
}
