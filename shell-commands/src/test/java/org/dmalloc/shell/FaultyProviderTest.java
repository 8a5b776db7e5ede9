/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.dmalloc.api.Capability;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Anybody may register a provider: one that breaks its contract disables nothing but itself. */
class FaultyProviderTest {
  private final InMemoryProvider files =
      InMemoryProvider.of("files", Capability.NAMED, Capability.READ_ONLY);
  private final GogoShell shell = new GogoShell(files);

  @BeforeEach
  void allocate() throws Exception {
    shell.run("alloc 64 -n orders");
    shell.run("write orders 0 kept");
  }

  @AfterEach
  void close() {
    shell.close();
  }

  private void register(Fault fault, boolean evenItsName) {
    // The best of all: it would be asked first.
    shell.providers.put(
        fault.provider(evenItsName), new Backend.Service(1000, 7, null, "com.example.evil"));
  }

  @ParameterizedTest
  @EnumSource
  void itsRowShowsTheErrorAndAllElseWorks(Fault fault) throws Exception {
    register(fault, false);
    List<String> rows = shell.run("providers").lines().toList();
    assertTrue(rows.getFirst().endsWith("FAULT"), rows.toString());
    assertTrue(rows.get(1).startsWith("evil "), rows.toString());
    assertTrue(rows.get(1).endsWith("statistics(): " + fault.words), rows.toString());
    assertTrue(rows.get(2).startsWith("files "), rows.toString());
    assertTrue(rows.get(2).endsWith("-"), rows.toString());
    assertTrue(shell.run("providers --json").contains("\"fault\": \"statistics(): "));
    String who = "dmalloc: backend evil (bundle com.example.evil, service 7): ";
    assertTrue(shell.run("regions").contains("orders"));
    assertTrue(shell.err().contains(who + "regions(): " + fault.words), shell.err());
    assertTrue(shell.fail("stored").contains("the list is not complete"));
    assertTrue(shell.out().contains("orders"), shell.out());
    assertTrue(shell.err().contains(who + "stored(): " + fault.words), shell.err());
    assertTrue(shell.run("read orders 0 4").contains("|kept|"));
    assertTrue(shell.run("info orders").contains("files"));
    shell.run("free orders");
    assertTrue(shell.run("open orders -b files -r").contains("orders"));
    assertEquals("freed 1 region; still stored: orders", shell.run("free --all"));
    assertTrue(shell.run("read orders 0 4").contains("|kept|"), "a stored one is still found");
    assertTrue(shell.fail("read nothing").contains("not all could be asked: backend evil"));
    assertTrue(shell.fail("read 4711").contains("not all could be asked: backend evil"));
    assertEquals("deleted orders", shell.run("delete orders"));
  }

  @ParameterizedTest
  @EnumSource
  void whatItIsAskedForItselfFailsWithItsName(Fault fault) {
    register(fault, false);
    if (fault != Fault.RUNTIME_EXCEPTION) { // which may be the caller's mistake
      assertTrue(
          shell
              .fail("alloc 64 -b evil")
              .startsWith("dmalloc: backend evil (bundle com.example.evil"),
          shell.fail("alloc 64 -b evil"));
    }
    assertTrue(
        shell.fail("stored -b evil").startsWith("dmalloc: backend evil (bundle com.example"));
    assertTrue(shell.fail("verify").contains("1 of 1 checks failed"));
    assertTrue(shell.out().contains("backend evil"), shell.out());
    assertTrue(shell.out().contains("verify(): "), shell.out());
  }

  @ParameterizedTest
  @EnumSource
  void anAllocationOnTheBestBackendNamesItAndTheOthersAndTakesNone(Fault fault) throws Exception {
    for (boolean evenItsName : new boolean[] {false, true}) {
      register(fault, evenItsName);
      String failure = shell.fail("alloc 64");
      String name = evenItsName ? "service-7" : "evil";
      assertTrue(failure.contains("backend " + name), failure);
      assertTrue(
          failure.contains(fault == Fault.RUNTIME_EXCEPTION ? ": boom" : fault.words), failure);
      assertTrue(failure.endsWith("; choose another one by -b: files"), failure);
      assertEquals(1, files.regions().size(), "orders alone");
    }
  }

  @Test
  void oneThatDoesNotSayWhatItCanDoIsNamedWhereAnotherIsTaken() throws Exception {
    register(Fault.ERROR, true);
    assertTrue(shell.run("alloc 64 -n another").contains(" from files"));
    assertTrue(shell.err().contains("capabilities(): AssertionError: boom"), shell.err());
  }

  @ParameterizedTest
  @EnumSource
  void oneThatDoesNotEvenTellItsNameHasThatOfItsService(Fault fault) throws Exception {
    register(fault, true);
    String rows = shell.run("providers");
    assertTrue(rows.contains("service-7"), rows);
    assertTrue(rows.contains(fault.words), rows);
    assertTrue(shell.run("providers -c").contains("service-7"));
    assertTrue(shell.run("regions").contains("orders"));
    assertTrue(shell.fail("stored").contains("the list is not complete"));
    assertTrue(shell.out().contains("orders"), shell.out());
    assertTrue(shell.run("alloc 64 -b files").startsWith("region "));
    assertTrue(
        shell.run("alloc 64 -n another").startsWith("region "), "named: the best with a store");
    assertTrue(shell.complete(List.of("read", ""), 1).contains("orders"));
    assertTrue(shell.fail("stored -b service-7").contains("bundle com.example.evil"));
  }

  @Test
  void theStoreOfOneThatDidNotStartIsNotTakenForEmpty() throws Exception {
    shell.run("free orders");
    shell.run("delete orders");
    assertEquals("no region is stored", shell.run("stored"));
    shell.providers.failedStarts(
        () ->
            List.of(
                new Providers.FailedStart(
                    "panama",
                    FailedBackends.reason(
                        """
                        java.lang.reflect.InvocationTargetException
                        \tat x
                        Caused by: org.example.SomeException: open store /p/st: EACCES (13)
                        Caused by: java.nio.file.AccessDeniedException: /p/st\
                        """),
                    20,
                    true)));
    String message =
        "backend panama did not start, and its store was not read: open store /p/st: EACCES"
            + " (13)";
    assertTrue(shell.fail("stored").contains("stored: the list is not complete"));
    assertTrue(
        shell.out().contains("no region is stored in the stores that could be read"), shell.out());
    assertTrue(shell.err().contains(message), shell.err());
    assertTrue(shell.fail("verify").contains("checks failed"));
    assertTrue(shell.out().contains(message), shell.out());
    assertTrue(shell.fail("read orders").endsWith("; " + message), shell.fail("read orders"));
  }

  @Test
  void whatIsTakenInPlaceOfOneThatDidNotStartIsSaid() throws Exception {
    shell.providers.failedStarts(
        () ->
            List.of(
                new Providers.FailedStart("better", "no disk", 101, true),
                new Providers.FailedStart("storeless", "no memory", 102, false),
                new Providers.FailedStart("worse", "no idea", 99, true)));
    String said =
        "dmalloc: backend better did not start, and files was taken in its place: no disk";
    assertTrue(shell.run("alloc 64 -n new").startsWith("region "));
    assertEquals(List.of(said), shell.err().lines().toList());
    shell.err.reset();
    assertTrue(shell.run("alloc 64").startsWith("region "));
    assertEquals(
        List.of(said, said.replace("better", "storeless").replace("disk", "memory")),
        shell.err().lines().toList());
    shell.err.reset();
    assertTrue(shell.run("alloc 64 -b files").startsWith("region "));
    assertEquals("", shell.err(), "it was asked for");
  }

  @Test
  void oneThatDoesNotAnswerIsNotWaitedForLong() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    InMemoryProvider hanging = InMemoryProvider.of("hanging");
    hanging
        .faults()
        .before(
            call -> {
              try {
                never.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "regions");
    shell.providers.put(hanging, new Backend.Service(1, 8, null, ""));
    assertTrue(shell.run("regions").contains("orders"));
    assertTrue(
        shell.err().contains("backend hanging (service 8): regions(): no answer within"),
        shell.err());
  }

  @Test
  void twoOfOneNameAreToldApart() throws Exception {
    InMemoryProvider other = InMemoryProvider.of("files", Capability.NAMED);
    shell.providers.put(other, new Backend.Service(1, 9, null, "com.example.files"));
    String rows = shell.run("providers");
    assertTrue(rows.contains("files#100 "), rows);
    assertTrue(rows.contains("files#9 "), rows);
    String failure = shell.fail("alloc 64 -b files");
    assertTrue(
        failure.startsWith("dmalloc: 2 backends are named 'files': files#100 from "), failure);
    assertTrue(
        failure.contains("files#9 from files (bundle com.example.files, service 9)"), failure);
    assertTrue(failure.contains("give one of these"), failure);
    shell.run("alloc 64 -b files#9 -n here");
    assertEquals(1, other.requests().size());
    assertTrue(shell.run("alloc 64 -b files#100").startsWith("region "));
    assertTrue(shell.run("stored -b files#9").contains("here"));
    assertFalse(shell.run("stored -b files#9").contains("orders"));
    assertTrue(shell.fail("alloc 64 -b nothing").endsWith("give one of files#100, files#9"));
  }

  @Test
  void aNameInTwoStoresIsNotGuessedAt() throws Exception {
    InMemoryProvider other =
        new InMemoryProvider(
            "other",
            Set.of(Capability.NAMED, Capability.READ_ONLY),
            new InMemoryStore("/elsewhere"),
            Long.MAX_VALUE,
            Duration.ofMillis(200));
    shell.providers.put(other, new Backend.Service(1, 9, null, ""));
    shell.run("alloc 64 -b other -n orders");
    String two = shell.fail("write orders 0 lost");
    assertTrue(two.startsWith("dmalloc: 2 open regions are named 'orders': "), two);
    assertTrue(two.endsWith("; give the id"), two);
    shell.run("write orders 0 else -b other");
    shell.run("free --all");
    for (String line :
        List.of(
            "delete orders",
            "read orders",
            "info orders",
            "open orders",
            "write orders 0 lost",
            "fill orders",
            "resize orders 1k",
            "flush orders",
            "release orders",
            "advise orders random")) {
      assertEquals(
          "dmalloc: 'orders' is in 2 stores: files (/store/orders.region), other"
              + " (/elsewhere/orders.region); choose one by -b",
          shell.fail(line),
          line);
    }
    assertTrue(shell.run("read orders 0 4 -b other").contains("|else|"));
    assertTrue(shell.run("read orders 0 4 -b files").contains("|kept|"));
    assertTrue(shell.run("info orders -b other").contains("other"));
    shell.run("write orders 0 more -b other");
    assertTrue(shell.run("open orders -b other").contains(" from other"));
    assertTrue(shell.run("read orders 0 4 -b other").contains("|more|"));
    assertTrue(shell.run("read orders 0 4 -b files").contains("|kept|"), "not the open one");
    shell.run("free --all");
    assertEquals("deleted orders", shell.run("delete orders -b other"));
    assertTrue(shell.run("read orders 0 4").contains("|kept|"));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "delete orders nothing"))
            .contains("no region 'nothing'"));
    assertTrue(shell.run("stored").contains("orders"), "a mistyped name deletes nothing");
  }
}
