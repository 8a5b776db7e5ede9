/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.measure.machine.FakeMachine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DoctorTest {
  private static final long MUCH = 100L << 30;

  @TempDir private Path root;
  private FakeMachine machine;

  @BeforeEach
  void build() {
    machine = FakeMachine.ordinary(root);
  }

  @Test
  void looksAtEverythingThatMatters() {
    Set<String> checks =
        examine("/srv/store").findings().stream().map(Finding::check).collect(Collectors.toSet());
    assertEquals(
        Set.of(
            "file-system",
            "free-space",
            "read-ahead",
            "rotational",
            "swap",
            "page-cluster",
            "swappiness",
            "dirty-limit",
            "dirty-background",
            "cgroup",
            "overcommit",
            "map-count",
            "memlock",
            "huge-pages"),
        checks);
  }

  @Test
  void everyWarningSaysWhatItDoesAndMostHowToChangeIt() {
    for (Finding finding : examine("/srv/store", "/tmp/store").findings()) {
      assertFalse(finding.effect().isBlank(), finding::toString);
      assertFalse(finding.value().isBlank(), finding::toString);
      assertFalse(finding.effect().contains("\n"), finding::toString);
      if (finding.severity() == Severity.OK) {
        assertEquals("", finding.command(), finding::toString);
      } else {
        assertFalse(finding.command().isBlank(), finding::toString);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/sys/devices/pci/block/sda/queue/read_ahead_kb | 8192 | read-ahead | NOTE",
        "/sys/devices/pci/block/sda/queue/read_ahead_kb | 128  | read-ahead | OK",
        "/sys/devices/pci/block/sda/queue/read_ahead_kb | 0    | read-ahead | NOTE",
        "/sys/devices/pci/block/sda/queue/rotational    | 1    | rotational | NOTE",
        "/sys/devices/pci/block/sda/queue/rotational    | 0    | rotational | OK",
        "/proc/sys/vm/page-cluster      | 3  | page-cluster | OK",
        "/proc/sys/vm/page-cluster      | 0  | page-cluster | NOTE",
        "/proc/sys/vm/swappiness        | 0  | swappiness | NOTE",
        "/proc/sys/vm/swappiness        | 60 | swappiness | OK",
        "/proc/sys/vm/swappiness        | 180 | swappiness | NOTE",
        "/proc/sys/vm/dirty_ratio       | 20 | dirty-limit | OK",
        "/proc/sys/vm/dirty_bytes       | 1048576 | dirty-limit | WARN",
        "/proc/sys/vm/dirty_background_ratio | 30 | dirty-background | WARN",
        "/proc/sys/vm/dirty_background_ratio | 10 | dirty-background | OK",
        "/proc/sys/vm/overcommit_memory | 0 | overcommit | OK",
        "/proc/sys/vm/overcommit_memory | 1 | overcommit | NOTE",
        "/proc/sys/vm/overcommit_memory | 2 | overcommit | WARN",
        "/proc/sys/vm/max_map_count     | 65530   | map-count | NOTE",
        "/proc/sys/vm/max_map_count     | 1048576 | map-count | OK",
        "/proc/self/limits | Max locked memory  unlimited  unlimited  bytes | memlock | OK",
        "/proc/self/limits | Max locked memory  65536  65536  bytes | memlock | NOTE",
        "/sys/fs/cgroup/user/memory.max | max | cgroup | OK",
        "/sys/fs/cgroup/user/memory.max | 1000000 | cgroup | NOTE",
      })
  void judgesASetting(String path, String value, String check, Severity expected) {
    machine.with(path, value + "\n");
    assertEquals(expected, only(check).severity());
  }

  @Test
  void tellsWhatTheValueMeans() {
    machine.with("/proc/sys/vm/overcommit_memory", "2\n");
    assertTrue(only("overcommit").effect().contains("5.72 GiB left"), only("overcommit")::effect);
    assertTrue(only("read-ahead").effect().contains("8192 KiB for one random page"));
    assertEquals("echo 128 > /sys/block/sda/queue/read_ahead_kb", only("read-ahead").command());
    assertTrue(only("page-cluster").effect().contains("up to 8 pages"));
    assertTrue(only("dirty-limit").effect().contains("1.53 GiB"), only("dirty-limit")::effect);
  }

  /** The figures are in docs/swap-or-file.md: 12.7k pages/s in order at 0, 41.5k at 3. */
  @Test
  void advisesNoPageClusterThatWasMeasuredToBeSlower() {
    machine.with("/proc/sys/vm/page-cluster", "3\n");
    assertEquals("", only("page-cluster").command());
    machine.with("/proc/sys/vm/page-cluster", "0\n");
    assertEquals("sysctl vm.page-cluster=3", only("page-cluster").command());
    assertTrue(only("page-cluster").effect().contains("in order at about a third"));
    machine.with(
        "/proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 1048572 0 100\n");
    assertEquals("", only("page-cluster").command(), "zram has no delay to save");
  }

  /** What changes one kind of use for the better and another for the worse says both. */
  @Test
  void tellsTheTradeOffWhereASettingHasOne() {
    assertTrue(only("read-ahead").effect().contains("costs reading in order"));
    assertTrue(only("read-ahead").effect().contains("panama"), only("read-ahead")::effect);
    machine.with("/proc/sys/vm/swappiness", "0\n");
    assertTrue(only("swappiness").effect().contains("file regions lose their cache first"));
  }

  @Test
  void namesEachSwapAreaWithKindAndPriority() {
    List<Finding> swap = all("swap");
    assertEquals(2, swap.size());
    assertEquals("file, 4.00 GiB, 1.00 MiB used, priority -2", swap.get(0).value());
    assertEquals("zram, 1.00 GiB, 0 B used, priority 100", swap.get(1).value());
    machine.with("/proc/swaps", "Filename Type Size Used Priority\n");
    assertEquals("none", only("swap").value());
    assertTrue(only("swap").command().contains("swapon"));
  }

  @ParameterizedTest
  @CsvSource({
    "ext4, OK, no reflink",
    "xfs, OK, reflink",
    "btrfs, WARN, does not protect",
    "tmpfs, WARN, nothing is persistent",
    "overlay, WARN, container",
    "nfs4, WARN, network",
    "zfs, NOTE, verify"
  })
  void judgesFileSystems(String type, Severity severity, String words) {
    machine.with("/proc/self/mountinfo", "22 1 8:1 / / rw - " + type + " /dev/sda1 rw\n");
    Finding finding = only("file-system");
    assertEquals(severity, finding.severity());
    assertTrue(finding.effect().contains(words), finding::effect);
  }

  @Test
  void aReadOnlyFileSystemIsAWarning() {
    machine.with("/proc/self/mountinfo", "22 1 8:1 / / ro,relatime - ext4 /dev/sda1 ro\n");
    assertEquals(Severity.WARN, only("file-system").severity());
    assertEquals("mount -o remount,rw /", only("file-system").command());
  }

  @Test
  void littleOrUnknownSpaceIsAWarning() {
    MachineView full =
        new MachineView(
            machine.files(), List.of(Path.of("/srv/store")), directory -> OptionalLong.of(5));
    MachineView missing =
        new MachineView(
            machine.files(), List.of(Path.of("/srv/store")), directory -> OptionalLong.empty());
    assertEquals(Severity.WARN, StoreChecks.freeSpace(full).getFirst().severity());
    assertEquals("unknown", StoreChecks.freeSpace(missing).getFirst().value());
    assertEquals(Severity.OK, only("free-space").severity());
  }

  @Test
  void aMachineThatSaysNothingGivesNoFalseFindings(@TempDir Path empty) {
    DoctorReport report =
        Doctor.examine(
            new MachineView(
                new FakeMachine(empty).files(), List.of(), directory -> OptionalLong.empty()));
    // No swap and no cgroup can be told from an empty machine; nothing else.
    assertEquals(
        Set.of("swap", "cgroup"),
        report.findings().stream().map(Finding::check).collect(Collectors.toSet()));
  }

  @Test
  void textHasALineEachAndTheCommandBelow() {
    String text = examine("/srv/store").text();
    assertTrue(text.contains("NOTE read_ahead_kb of sda = 8192 KiB: filechannel"), text);
    assertTrue(text.contains("\n     → echo 128 > /sys/block/sda/queue/read_ahead_kb\n"), text);
    assertTrue(text.endsWith("nothing was changed\n"), text);
  }

  @Test
  void jsonKeepsItsShape() {
    JsonObject root = JsonParser.parseString(examine("/srv/store").json()).getAsJsonObject();
    assertEquals(Set.of("schema", "schemaVersion", "findings"), root.keySet());
    assertEquals(1, root.get("schemaVersion").getAsInt());
    JsonObject finding = root.getAsJsonArray("findings").get(0).getAsJsonObject();
    assertEquals(
        List.of("check", "severity", "subject", "value", "effect", "command"),
        List.copyOf(finding.keySet()));
  }

  @Test
  void readsTheRealMachineWithoutAnError() {
    DoctorReport report = Doctor.examine(List.of(Path.of("target")));
    assertTrue(report.findings().stream().anyMatch(f -> f.check().equals("free-space")));
  }

  private DoctorReport examine(String... directories) {
    return Doctor.examine(
        new MachineView(
            machine.files(),
            Arrays.stream(directories).map(Path::of).toList(),
            directory -> OptionalLong.of(MUCH)));
  }

  private List<Finding> all(String check) {
    return examine("/srv/store").findings().stream().filter(f -> f.check().equals(check)).toList();
  }

  private Finding only(String check) {
    List<Finding> found = all(check);
    assertEquals(1, found.size(), found::toString);
    return found.getFirst();
  }
}
