/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.batch.BatchRun;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What others chose (names, owners, paths, messages) reaches no terminal as it is. */
class VisibleOutputTest {
  /** A name that no new region gets, but an old one may have; the rest reads the other way. */
  private static final String NAME = "a\u202eb\u2066\u200b";

  private static final String SHOWN = "a\\u202eb\\u2066\\u200b";

  /** Clears the screen, begins a line that looks like another answer. */
  private static final String EVIL = "x\u001b[2J\nOK all is well\u0007\u2028";

  private final InMemoryProvider files =
      InMemoryProvider.of(
          "fi\u001b[31mles",
          Capability.NAMED,
          Capability.SHARED_MAPPING,
          Capability.READ_ONLY,
          Capability.FORCE,
          Capability.RESIZE,
          Capability.PUNCH,
          Capability.RELEASE,
          Capability.SWAP_POLICY,
          Capability.RESIDENT_BUDGET,
          Capability.ADVICE);
  private final GogoShell shell = new GogoShell(files);

  @BeforeEach
  void allocate() throws MemoryException {
    files.allocate(RegionRequest.ofSize(8192).withName(NAME).withOwner(EVIL));
    files.find(new StoreFinding(StoreFinding.Severity.ERROR, EVIL, "is\tno region\r" + NAME));
  }

  @AfterEach
  void close() {
    shell.close();
  }

  private static void assertVisible(String output) {
    assertTrue(
        output.codePoints().allMatch(c -> c == '\n' || VisibleText.isVisible(c)),
        () -> VisibleText.of(output));
    assertFalse(output.lines().anyMatch(line -> line.startsWith("OK all is well")), output);
  }

  @Test
  void everyCommandShowsWhatCannotBeSeenAsEscapes() throws Exception {
    for (String line :
        List.of(
            "providers",
            "providers -c",
            "providers --json",
            "regions",
            "regions --json",
            "stored",
            "stored --json",
            "info NAME",
            "info NAME --json",
            "read NAME",
            "read NAME 0 8 --json",
            "write NAME 0 'x\u202ey'",
            "fill NAME",
            "advise NAME random",
            "policy NAME no-read-ahead",
            "release NAME",
            "budget NAME 64k",
            "flush NAME",
            "snapshot NAME copy",
            "stored",
            "delete copy",
            "resize NAME 16k",
            "length NAME 100",
            "punch NAME --all",
            "reserve NAME",
            "protect NAME ro --length 1",
            "info NAME",
            "protect NAME rw",
            "flush --names",
            "free NAME",
            "open NAME -o \"o\u001b\"",
            "regions",
            "free --all",
            "rename NAME other",
            "delete other")) {
      String output = shell.run(line.replace("NAME", "'" + NAME + "'"));
      assertVisible(output);
      if (line.contains("regions") || line.contains("stored") || line.contains("info")) {
        assertTrue(output.contains(SHOWN), output);
      }
    }
    shell.fail("verify");
    assertVisible(shell.out());
    assertTrue(shell.out().contains("x\\u001b[2J\\nOK all is well\\u0007\\u2028"), shell.out());
    assertVisible(shell.fail("verify --json"));
    assertVisible(shell.out());
  }

  @Test
  void aNameCanBeTypedAsItIsShown() throws Exception {
    for (String line :
        List.of(
            "write '%s' 0 kept",
            "free '%s'", "info '%s'", "open '%s'", "free '%s'", "delete '%s'")) {
      shell.run(line.replace("%s", SHOWN));
    }
    assertEquals("no region is stored", shell.run("stored"));
    assertEquals(NAME, files.opens().getLast().name());
    assertEquals(NAME, OpenRequest.of(NAME).name(), "an old one stays what it is");
    assertTrue(
        shell
            .fail("alloc 64 -n '" + NAME + "'")
            .contains("cannot be seen, U+202E; use visible ones"),
        shell.fail("alloc 64 -n '" + NAME + "'"));
  }

  @Test
  void completionOffersWhatCanBeTyped() throws Exception {
    List<String> names = shell.complete(List.of("read", ""), 1);
    assertTrue(names.contains(SHOWN), names.toString());
    assertVisible(String.join("\n", names));
  }

  @Test
  void failuresAreOneLineWhateverTheMessage() {
    for (Exception failure :
        List.of(
            CommandFailure.of("x", new IOException(EVIL), shell.providers),
            CommandFailure.of("x", new IllegalStateException(EVIL), shell.providers),
            CommandFailure.of("x", new RuntimeException(EVIL), shell.providers),
            new CommandFailure(EVIL, null))) {
      assertVisible(failure.toString());
      assertEquals(1, failure.toString().lines().count());
    }
    for (String line : List.of("read '%s'", "alloc '%s'", "alloc 1 -b '%s'", "help '%s'")) {
      String failure = shell.fail(line.replace("%s", EVIL));
      assertVisible(failure);
      assertEquals(1, failure.lines().count(), failure);
    }
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (BatchRun run =
        new BatchRun(shell.processor, InputStream.nullInputStream(), out, err, "", 0)) {
      run.run(List.of(EVIL, EVIL));
      run.run(List.of("read", EVIL, "-v"));
      run.run(List.of("regions"));
      run.runLines(GogoShell.input("x = 'y", EVIL));
    }
    assertVisible(err.toString(StandardCharsets.UTF_8).replace("\tat ", ""));
    assertVisible(out.toString(StandardCharsets.UTF_8));
  }

  @Test
  void warningsAndProgressAreVisibleToo() throws Exception {
    InMemoryProvider evil = InMemoryProvider.of("evil");
    evil.faults().fail(new IllegalStateException(EVIL), "regions");
    shell.providers.put(evil, new Backend.Service(1, 5, null, EVIL));
    shell.run("regions");
    assertVisible(shell.err());
    assertEquals(1, shell.err().lines().count(), shell.err());
    assertVisible(shell.run("providers"));
    ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    try (ProgressLine line =
        new ProgressLine(
            EVIL, new PrintStream(terminal, true, StandardCharsets.UTF_8), () -> true, () -> 0)) {
      line.now(EVIL);
    }
    String shown = terminal.toString(StandardCharsets.UTF_8);
    assertFalse(shown.contains("\u001b[2J"), "only the line's own codes");
    assertFalse(shown.contains("\n"), shown);
  }
}
