/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import java.util.List;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceLimits;
import org.dmalloc.api.ResourceListener;
import org.dmalloc.api.ResourceUse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Limits are listed with what is used of them, the fullest first. */
class LimitsCommandTest {
  private static final List<ResourceUse> USES =
      List.of(
          new ResourceUse(ResourceKind.DESCRIPTORS, "process", null, 10, 1000, "ulimit -n"),
          new ResourceUse(
              ResourceKind.OWNER_BYTES, "anon", "evil\u001b[2J\u202e", 900, 1000, "owner.limits"),
          new ResourceUse(ResourceKind.OWNER_REGIONS, "anon", "", 1, 2, "owner.limit.regions"),
          new ResourceUse(
              ResourceKind.MEMORY_STALLS, "/proc/pressure/memory", null, 150, 2000, "more"),
          new ResourceUse(ResourceKind.DISK, "/data", null, 3L << 30, 4L << 30, "free space"));

  private final GogoShell shell = new GogoShell();

  private record Told(List<ResourceUse> uses) implements ResourceLimits {
    @Override
    public Registration listen(ResourceListener listener, int levelPercent) {
      throw new UnsupportedOperationException();
    }
  }

  @AfterEach
  void close() {
    shell.close();
  }

  @Test
  void theFullestIsFirstAndNothingIsHidden() throws Exception {
    Told told = new Told(USES);
    shell.providers.limits(() -> told);
    assertEquals(
        List.of(
                "LIMIT OF       USED     LIMIT    PERCENT  WHOSE                          SET BY",
                "owner-bytes    900 B    1000 B        90  evil\\u001b[2J\\u202e on anon  "
                    + " owner.limits",
                "disk           3 GiB    4 GiB         75  /data                          free"
                    + " space",
                "owner-regions  1        2             50  no owner on anon              "
                    + " owner.limit.regions",
                "memory-stalls  1.50 %   20.00 %        7  /proc/pressure/memory          more",
                "descriptors    10       1000           1  process                        ulimit"
                    + " -n")
            .stream()
            .map(line -> line.replaceAll(" +", " "))
            .toList(),
        shell.run("limits").lines().map(line -> line.strip().replaceAll(" +", " ")).toList());
  }

  @Test
  void asJson() throws Exception {
    Told told = new Told(USES);
    shell.providers.limits(() -> told);
    JsonArray rows = JsonParser.parseString(shell.run("limits --json")).getAsJsonArray();
    assertEquals(5, rows.size());
    assertEquals("OWNER_BYTES", rows.get(0).getAsJsonObject().get("kind").getAsString());
    assertEquals(90, rows.get(0).getAsJsonObject().get("percent").getAsLong());
  }

  @Test
  void withoutTheServiceTheBundleIsNamed() {
    assertTrue(shell.fail("limits").contains("start the bundle org.dmalloc.manager"));
  }
}
