/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.VisibleText;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.shell.backup.BackupCommands;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.syntax.Operand;
import org.dmalloc.shell.syntax.Option;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups of regions in files, by commands; each machine is a directory and a shell. */
class BackupCommandsTest {
  private static final long DEADLINE_NANOS = Duration.ofSeconds(30).toNanos();

  @TempDir private Path directory;
  private Machine here;

  /** A store of regions and a shell over it. */
  private static final class Machine {
    private final Dmalloc dmalloc;
    private final BackupService service = BackupService.load();
    private final CommandSource source = new BackupCommands(service);
    private final GogoShell shell =
        new GogoShell(List.of(source), InMemoryProvider.of("plain", Capability.NAMED));
    private final MemoryProvider panama;

    Machine(Path regions) throws Exception {
      dmalloc = Dmalloc.open(Map.of("directory", Files.createDirectories(regions).toString()));
      panama = dmalloc.provider("panama");
      shell.providers.put(panama, new Backend.Service(1000, 1000, null, ""));
    }

    String run(String line) throws Exception {
      return shell.run(line);
    }

    String fail(String line) {
      return shell.fail(line);
    }

    String start(String region) throws Exception {
      return run("read " + region + " 0 5").replaceFirst(".*\\|(.*)\\|", "$1");
    }

    /** What a checkpoint has, in a new region. */
    String restored(String region, long checkpoint) throws Exception {
      String name = region + "-" + checkpoint;
      run("restore " + region + " " + checkpoint + " --as " + name);
      return start(name);
    }

    void write(String region, String text) throws Exception {
      run("write " + region + " 0 " + text);
      run("checkpoint " + region);
    }

    void close() throws Exception {
      for (Command command : shell.commands.remove(source)) {
        command.stop(Duration.ofSeconds(10));
      }
      shell.close();
      panama.regions().forEach(MemoryRegion::close);
      dmalloc.close();
    }
  }

  @BeforeEach
  void open() throws Exception {
    here = new Machine(directory.resolve("regions"));
    assumeTrue(
        here.panama.capabilities().contains(Capability.CHECKPOINT),
        "the kernel grants no userfaultfd, which checkpoints need");
  }

  @AfterEach
  void close() throws Exception {
    here.close();
  }

  private void restart() throws Exception {
    here.close();
    here = new Machine(directory.resolve("regions"));
  }

  private String store() {
    return directory.resolve("store").toString();
  }

  private static void await(Machine machine, String line, String expected) throws Exception {
    long start = System.nanoTime();
    while (!machine.run(line).contains(expected)) {
      assertTrue(System.nanoTime() - start < DEADLINE_NANOS, () -> line + ": no " + expected);
      LockSupport.parkNanos(10_000_000);
    }
  }

  /** Backs a region up with checkpoints of some contents. */
  private void keep(String region, String... contents) throws Exception {
    here.run("alloc 64k -n " + region + " --checkpoint");
    here.run("backup start " + region + " --to " + store());
    for (String content : contents) {
      here.write(region, content);
    }
    await(here, "backup status", " 0        -");
  }

  @Test
  void aRegionIsKeptListedAndRestored() throws Exception {
    here.run("alloc 64k -n orders --checkpoint");
    assertEquals(
        "orders is backed up to "
            + store()
            + ": it has no checkpoint yet; 'checkpoint orders' makes one",
        here.run("backup start orders --to " + store()));
    assertEquals(
        "no checkpoint of orders is in " + store() + " yet; see 'backup status'",
        here.run("backups orders"));
    here.write("orders", "first");
    here.write("orders", "later");
    await(
        here,
        "backup status",
        "orders  keeping  2, 0 s ago    0        -  all:1h,1h:1d,1d:30d  shell");
    List<String> listed = here.run("backups orders").lines().toList();
    assertEquals(3, listed.size(), listed::toString);
    assertTrue(listed.get(1).matches(" +1 +\\S+Z +\\d+ s +1 +\\d+ B"), listed::toString);
    assertTrue(
        here.run("restore orders 1 --as old")
            .matches("restored checkpoint 1 of orders \\(\\S+Z\\) as old"));
    assertEquals("first", here.start("old"));
    assertEquals("later", here.start("orders"));
    assertTrue(here.run("stored").contains("old"));
    assertEquals(
        "ended the backup of orders at checkpoint 2 in " + store(), here.run("backup stop orders"));
    assertEquals("no backup goes on here; 'backup start' begins one", here.run("backup status"));
  }

  @Test
  void theRegionItselfGoesBackOnlyWithYes() throws Exception {
    keep("orders", "first", "later");
    String refused = here.fail("restore orders 1");
    assertTrue(
        refused.startsWith(
            "dmalloc: restore: what orders has now would be replaced by checkpoint 1, "),
        refused);
    assertTrue(
        refused.endsWith("; give --yes if it may be, or --as NAME for a new region beside it"),
        refused);
    assertEquals("later", here.start("orders"));
    assertTrue(
        here.run("restore orders 1 --yes")
            .matches(
                "orders is as at checkpoint 1 of orders \\(\\S+\\) again; that is checkpoint 3"));
    assertEquals("first", here.start("orders"));
    await(here, "backups orders", "\n         3  ");
  }

  @Test
  void aStoredOneIsOpenedForIt() throws Exception {
    keep("orders", "first", "later");
    restart();
    here.run("restore orders 1 --yes");
    assertEquals(List.of(), here.shell.regions());
    assertEquals("first", here.start("orders"));
  }

  @Test
  void theStoreAndItsOptionsAreRememberedOverRestarts() throws Exception {
    here.run("alloc 64k -n orders --checkpoint");
    here.run(
        "backup start orders --keep all:ever --owner me --rate 1g --base-every 7d --to " + store());
    here.write("orders", "first");
    restart();
    assertEquals(2, here.run("backups orders").lines().count());
    String resumed = here.run("backup start orders");
    assertEquals(
        "orders is backed up to "
            + store()
            + ": checkpoint 1 is there, and those that follow will be",
        resumed);
    assertEquals(1, here.shell.regions().size(), "it was opened for that");
    KeepOptions options = here.service.backups().getFirst().options();
    assertEquals(
        KeepOptions.DEFAULT
            .withRetention(RetentionPolicy.EVERYTHING)
            .withOwner("me")
            .withBytesPerSecond(1 << 30)
            .withBaseEvery(Duration.ofDays(7)),
        options);
    assertTrue(here.run("backup stop --all").endsWith("; and closed what was opened for it"));
    assertEquals(List.of(), here.shell.regions());
    here.run("alloc 4k -n other -b panama");
    here.run("delete orders");
    String id = here.service.known(directory.resolve("regions")).getFirst().id().toString();
    assertTrue(here.run("restore orders").endsWith(" as orders"), "known although it was deleted");
    assertEquals("first", here.start("orders"));
    assertTrue(
        here.fail("backup start orders")
            .contains("was not backed up before, only another by that name, in " + store()),
        "it is a new region");
    here.run("backup start orders --to " + store());
    here.write("orders", "again");
    assertTrue(here.run("backups --from " + store()).contains(id), "two have the name");
    assertTrue(here.fail("backups orders --from " + store()).contains("give one of these ids"));
    assertEquals("first", here.restored(id, 1));
  }

  @Test
  void aSingleCommandKeepsWhatThereIsAndEnds() throws Exception {
    here.run("alloc 64k -n orders --checkpoint");
    here.write("orders", "first");
    here.run("free orders");
    here.shell.session.put(RegionOpened.ONE_COMMAND, true);
    assertEquals(
        "checkpoint 1 of orders is in "
            + store()
            + "\nit ends with this command; './dmalloc' alone is a shell that goes on",
        here.run("backup start orders --to " + store()));
    assertEquals(List.of(), here.service.backups());
    assertEquals(List.of(), here.shell.regions());
    here.run("write orders 0 later");
    assertTrue(here.run("backup start orders").startsWith("checkpoint 2 of orders is in "));
    assertEquals(3, here.run("backups orders").lines().count());
  }

  @Test
  void mistakesAreNamedWithTheNextStep() throws Exception {
    here.run("alloc 4k -n ordinary -b panama");
    here.run("alloc 4k -n fresh --checkpoint");
    keep("orders", "first", "later");
    Path empty = Files.createDirectory(directory.resolve("empty"));
    for (String[] each :
        new String[][] {
          {
            "backup start ordinary --to " + store(),
            "backup start: ordinary has no checkpoints, its durability is on-force; 'alloc"
                + " --checkpoint' makes a region that has"
          },
          {
            "backup start fresh",
            "backup start: fresh was not backed up before; give --to STORE, a directory or an"
                + " address"
          },
          {"backup start fresh --to ''", "backup start: the store '' is empty; "},
          {
            "backup start fresh --to s3://bucket/prefix",
            "backup start: address 's3://bucket/prefix' of a store: nobody here opens s3:, only"
                + " directories; add the bundle or jar dmalloc-backup-s3"
          },
          {
            "backup start fresh --to s3://key:secret@bucket/prefix",
            "backup start: address 's3://…@bucket/prefix' of a store has credentials, "
          },
          {"backup start fresh --to x --keep daily", "backup start: retention 'daily'; give "},
          {"backup start orders", "backup start: group orders is backed up to "},
          {"backup stop fresh", "backup: 'fresh' is not backed up here; see 'backup status'"},
          {"backup stop", "backup stop: give the ids of regions, or --all; "},
          {
            "backups nothing",
            "backups: no backup of 'nothing' is known here; 'backup start ID --to STORE' begins"
                + " one, --from STORE names the store of one"
          },
          {"backups " + empty, "backups: no backup is in " + empty + "; "},
          {
            "backups invoices --from " + store(),
            "backups: no backup of 'invoices' is in " + store() + "; it has orders"
          },
          {
            "restore orders 7 --as x",
            "restore backup of orders in "
                + store()
                + ": checkpoint 7 is not in it; the nearest"
                + " is 2 ("
          },
          {
            "restore orders 2000-01-01T00:00:00Z --as x",
            "restore backup of orders in "
                + store()
                + ": none of its checkpoints is as old as 2000-01-01T00:00:00.999Z; its"
                + " first is 1 ("
          },
          {"restore orders yesterday --as x", "restore: CHECKPOINT 'yesterday' is neither a "},
          {"restore orders 0 --as x", "restore: there is no checkpoint 0; "},
          {"restore orders 1 --as orders", "restore orders: there is a region of that name; "},
          {"restore orders 1 --as ''", "restore: region name is empty; "},
          {"restore orders 1 --as x -b plan", "backend 'plan' is unknown; did you mean plain"},
          {
            "backup merge orders --keep all:ever",
            "merge backup orders: it is being kept, with retention all:1h,1h:1d,1d:30d; "
          },
          {"follow --from x", "follow: --from without BACKUP; "},
          {"follow --stop orders", "follow: 'orders' follows no backup here; see 'follow'"},
          {"backup begin", "backup command 'begin' is unknown; "},
        }) {
      String failure = here.fail(each[0]);
      assertTrue(failure.startsWith("dmalloc: " + each[1]), () -> each[0] + "\n" + failure);
      assertFalse(failure.contains("secret"), failure);
    }
    try (Stream<Path> files = Files.list(empty)) {
      assertEquals(List.of(), files.toList(), "looking into a directory leaves nothing there");
    }
    assertFalse(here.run("stored").contains("restoring"), "nothing is left of what was refused");
  }

  @Test
  void aDamagedObjectIsFoundAndNeverRestored() throws Exception {
    keep("orders", "first", "later");
    assertTrue(
        here.run("backup verify orders")
            .matches("RESULT  GROUP   FINDING\nOK +orders  2 checkpoints, .* in 2 objects"),
        here.run("backup verify orders"));
    flipLastObject();
    String failure = here.fail("backup verify " + store());
    assertEquals(
        "dmalloc: backup verify: damage was found; see RESULT ERROR above, and restore another"
            + " one",
        failure);
    assertTrue(
        here.shell.out().contains("cannot be restored any more: checkpoints 2"), here.shell.out());
    String refused = here.fail("restore orders 2 --as x");
    assertTrue(refused.contains("damaged: "), refused);
    here.run("restore orders 1 --as good");
    assertEquals("first", here.start("good"));
  }

  private void flipLastObject() throws IOException {
    try (Stream<Path> files = Files.walk(directory.resolve("store/objects"))) {
      Path last = files.filter(Files::isRegularFile).sorted().reduce((a, b) -> b).orElseThrow();
      byte[] bytes = Files.readAllBytes(last);
      bytes[100] ^= 1;
      Files.write(last, bytes);
    }
  }

  @Test
  void anotherOwnerIsToldAndTakesOver() throws Exception {
    keep("orders", "first");
    BackupService elsewhere = BackupService.load(); // as a process that is gone would have it
    MemoryRegion region = here.shell.regions().getFirst().region();
    here.run("backup stop orders");
    try (BackupStore same = elsewhere.open(store());
        Backup other =
            elsewhere.keep(
                region.checkpoints(), same, KeepOptions.DEFAULT.withOwner("other host"))) {
      assertTrue(here.run("backups " + store()).matches("(?s).* kept +other host .*"));
      String refused = here.fail("backup start orders --owner me");
      assertTrue(refused.contains("'other host' has it, "), refused);
      assertTrue(
          refused.endsWith("end it there, or take it over (--take-over) if that one is gone"),
          refused);
      here.run("backup start orders --owner me --take-over");
      here.write("orders", "later");
      await(here, "backup status", "keeping  2, ");
      long start = System.nanoTime();
      while (other.status().state() != BackupStatus.State.LOST) {
        assertTrue(System.nanoTime() - start < DEADLINE_NANOS);
        LockSupport.parkNanos(1_000_000);
      }
    }
    restart();
    here.run("backup start orders");
    assertFalse(here.service.backups().getFirst().options().takeOver(), "it is not remembered");
  }

  @Test
  void aGroupIsRestoredAsAGroup() throws Exception {
    here.run("alloc 64k -n orders --checkpoint --group shop");
    here.run("alloc 64k -n index --checkpoint --group shop");
    here.run("backup start orders index --to " + store());
    here.run("write index 0 first");
    here.write("orders", "first");
    here.run("write index 0 later");
    here.write("orders", "later");
    await(here, "backup status", "keeping  2, ");
    here.run("restore shop 1 --as old");
    assertEquals("first", here.start("old-index"));
    here.run("open old-orders");
    here.run("open old-index");
    assertTrue(here.run("checkpoints old-index").contains("old-index,old-orders"));
    here.run("free old-orders old-index");
    here.run("restore index 1 --as one");
    assertEquals("first", here.start("one"));
    assertTrue(here.fail("restore index 1").contains("what orders, index have now"));
    here.run("restore index 1 --yes");
    assertEquals("first", here.start("orders"), "a group goes back as a whole");
  }

  @Test
  void aCopyFollowsUntilItIsClosed() throws Exception {
    keep("orders", "first");
    String begun = here.run("follow orders --as copy --every 10ms");
    assertEquals(
        "copy follows orders in "
            + store()
            + ", at checkpoint 1; 'follow' shows how it stands, 'follow --stop' ends it",
        begun);
    assertEquals("first", here.start("copy"));
    assertTrue(here.fail("follow " + store()).contains("is followed here already, by copy"));
    here.write("orders", "later");
    await(here, "follow", "copy  orders  2, ");
    assertEquals("later", here.start("copy"));
    for (String change : List.of("resize copy 1m", "discard copy --yes")) {
      String refused = here.fail(change);
      assertTrue(refused.contains("'follow --stop copy' ends it"), refused);
    }
    here.run("free copy");
    assertEquals("no copy follows a backup here; see 'follow --help'", here.run("follow"));
    here.run("follow " + store() + " --as copy");
    assertEquals("copy stays stored, at checkpoint 2 of orders", here.run("follow --stop copy"));
    assertEquals(1, here.shell.regions().size());
    assertEquals("later", here.start("copy"));
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    here.run("follow orders -d " + elsewhere);
    try (Stream<Path> files = Files.list(elsewhere)) {
      assertTrue(files.anyMatch(file -> file.endsWith("orders.region")));
    }
    here.run("follow --stop");
  }

  @Test
  void aBackupEndsWithItsRegionAndIsBegunAgain() throws Exception {
    keep("orders", "first");
    here.run("write orders 0 later");
    here.run("free orders");
    await(here, "backup status", "ended  2, ");
    here.run("backup start orders");
    here.write("orders", "third");
    await(here, "backup status", "keeping  3, ");
    assertEquals(
        "orders in " + store() + ": 3 checkpoints stay, 0 went; 0 B written, 0 B freed",
        here.run("backup merge orders"));
    here.run("backup stop orders");
    assertEquals(
        "orders in " + store() + ": 3 checkpoints stay, 0 went; 0 B written, 0 B freed",
        here.run("backup merge orders"));
    await(here, "backup merge orders --keep 1s:1s", ": 1 checkpoint stays, ");
    assertEquals("third", here.restored("orders", 3));
  }

  @Test
  void theEndOfTheServiceEndsWhatTheShellHasBegun() throws Exception {
    keep("orders", "first");
    here.run("backup stop orders");
    here.run("free orders");
    here.run("backup start orders");
    MemoryRegion opened = here.shell.regions().getFirst().region();
    for (Command command : here.shell.commands.remove(here.source)) {
      command.stop(Duration.ofSeconds(10));
    }
    assertEquals(List.of(), here.service.backups());
    assertFalse(opened.info().open());
    assertThrows(IllegalStateException.class, () -> new BackupCommands(null));
  }

  @Test
  void everyListHasAllAsJson() throws Exception {
    keep("orders", "first");
    for (String line :
        List.of(
            "backups",
            "backups orders",
            "backups " + store(),
            "backup status orders",
            "backup verify orders",
            "backup merge orders",
            "restore orders 1 --as copy")) {
      String json = here.run(line + " --json");
      assertTrue(json.startsWith("{") || json.startsWith("["), json);
      assertTrue(json.contains("\"orders\""), json);
    }
    assertEquals("[]", here.run("follow --json"));
  }

  @Test
  void everyCommandHasAPageAndCompletes() throws Exception {
    keep("orders", "first");
    for (Command command : here.shell.commands.all()) {
      String page = here.run("dmalloc:help " + command.name());
      assertEquals(page, here.run(command.name() + " --help"));
      for (Option option : command.syntax().options()) {
        assertTrue(page.contains(option.usage()), page);
      }
      for (Operand operand : command.syntax().operands()) {
        assertTrue(page.contains(operand.usage() + " "), page);
      }
    }
    String id = Long.toString(here.shell.regions().getFirst().region().id());
    assertEquals(
        Set.of("start", "stop", "status", "verify", "merge"),
        Set.copyOf(here.shell.complete(List.of("backup", ""), 1)));
    assertEquals(List.of(id, "orders"), here.shell.complete(List.of("backup", "start", ""), 2));
    assertEquals(List.of("orders"), here.shell.complete(List.of("restore", ""), 1));
    assertEquals(
        List.of(store(), GogoShell.PATHS),
        here.shell.complete(List.of("restore", "orders", "--from", ""), 3));
    assertEquals(List.of("1", "latest"), here.shell.complete(List.of("restore", "orders", ""), 2));
  }

  @Test
  void whatOthersChoseIsShownVisibly() throws Exception {
    keep("orders", "first");
    here.run("backup stop orders");
    MemoryRegion region = here.shell.regions().getFirst().region();
    BackupService elsewhere = BackupService.load();
    try (BackupStore same = elsewhere.open(store());
        Backup other =
            elsewhere.keep(
                region.checkpoints(),
                same,
                KeepOptions.DEFAULT.withOwner("evil\u001b[2J\nOK\u202e"))) {
      assertEquals(BackupStatus.State.KEEPING, other.status().state());
      for (String output :
          List.of(here.run("backups " + store()), here.fail("backup start orders --owner me"))) {
        assertTrue(
            output.codePoints().allMatch(c -> c == '\n' || VisibleText.isVisible(c)),
            () -> VisibleText.of(output));
        assertTrue(output.contains(String.format(Locale.ROOT, "evil\\u%04x[2J", 0x1b)), output);
      }
    }
  }
}
