/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.errorprone.annotations.FormatMethod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.backend.anon.MemfdProvider;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that hand a region without a name to another process. */
class SharingCommandsTest {
  @TempDir private Path directory;
  private final InMemoryProvider files =
      InMemoryProvider.of("files", Capability.NAMED, Capability.SHARED_MAPPING);
  private final MemfdProvider memfd =
      new MemfdProvider(Map.of(MemoryProvider.BACKEND, "anon-memfd"));
  private final GogoShell shell = new GogoShell(files);

  @BeforeEach
  void add() {
    shell.providers.put(memfd, new Backend.Service(1, 1, null, ""));
  }

  @AfterEach
  void close() {
    shell.close();
    memfd.regions().forEach(MemoryRegion::close);
    memfd.stop();
  }

  private long id(String line) throws Exception {
    return Long.parseLong(shell.session.execute(line).toString());
  }

  @FormatMethod
  private String run(String format, Object... values) throws Exception {
    return shell.run(String.format(Locale.ROOT, format, values));
  }

  @FormatMethod
  private String fail(String format, Object... values) {
    return shell.fail(String.format(Locale.ROOT, format, values));
  }

  private String session(String input, String line) throws Exception {
    try (CommandSession session =
        shell.processor.createSession(GogoShell.input(input), shell.out, shell.err)) {
      session.put(RegionOpened.ONE_COMMAND, true);
      return session.format(session.execute(line), Converter.INSPECT).toString();
    }
  }

  @Test
  void aTokenIsPrintedAloneAndAttachesTheRegion() throws Exception {
    long id = id("alloc 64k --process-shared -o maker");
    String token = run("share %d", id);
    assertTrue(token.matches("dmalloc1\\.[A-Za-z0-9_-]{86}"), token);
    assertEquals(token, shell.session.execute("share " + id).toString());
    String json = run("share %d --json", id);
    assertTrue(json.contains("\"id\": " + id) && json.contains(token), json);
    run("write %d 0 hello", id);
    String attached = run("attach %s -o guest --max 128k --prefault", token);
    assertTrue(
        attached.matches("region \\d+: 64 KiB from anon-memfd, memfd, swap, /proc/\\d+/fd/\\d+"),
        attached);
    long other = memfd.regions().getLast().id();
    assertTrue(run("read %d 0 5", other).endsWith("|hello|"), run("read %d 0 5", other));
    String info = run("info %d", other);
    assertTrue(
        info.matches("(?s).*processes   this one, as member \\d+; no other has it open\n.*"), info);
    assertTrue(info.contains("owner       guest"), info);
    assertTrue(info.contains("maximum     128 KiB"), info);
    assertTrue(run("info %d --json", other).contains("\"processes\": []"));
    assertTrue(run("regions").contains("PROCESSES"), run("regions"));
    assertFalse(run("info %d", id("alloc 4k")).contains("processes"));
    assertFalse(info.contains(token.substring(20, 40)), info);
  }

  @Test
  void aTokenComesFromAFileOrStandardInput() throws Exception {
    long id = id("alloc 64k --process-shared -b anon-memfd");
    Path file = directory.resolve("token");
    assertEquals(
        String.format(Locale.ROOT, "the token of region %d is in %s", id, file),
        run("share %d --file %s", id, file));
    assertEquals(run("share %d", id) + "\n", Files.readString(file));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals(
        "dmalloc: share: " + file + ": exists already", fail("share %d --file %s", id, file));
    run("attach --file %s", file);
    run("share %d | attach -", id);
    String noted = session(run("share %d", id) + "\nmore", "attach -");
    assertTrue(
        noted.endsWith("it ends with this command; './dmalloc' alone is a shell that keeps it"));
    assertTrue(fail("attach -").contains("cat FILE | attach -, or --file FILE"));
    assertEquals(4, memfd.regions().size());
    shell.session.currentDir(directory);
    run("attach -f token -b anon-memfd");
    assertEquals(5, memfd.regions().size());
  }

  @Test
  void mistakesAreNamedWithoutTheToken() throws Exception {
    long id = id("alloc 64k --process-shared");
    String token = run("share %d", id);
    String cut = token.substring(0, 60);
    String refused = fail("attach %s", cut);
    assertEquals(
        "dmalloc: attach: not a token of backend anon-memfd: it has 60 characters, and one of this"
            + " version has 95; copy all of what 'share' prints",
        refused);
    long plain = id("alloc 4k -b anon-memfd");
    assertEquals(
        "dmalloc: share: region "
            + plain
            + " is of this process alone; 'alloc SIZE --process-shared' makes one that is not",
        fail("share %d", plain));
    run("alloc 4k -n orders");
    assertEquals(
        "dmalloc: share: orders has a name, by which other processes open it: 'open orders"
            + " --process-shared'",
        fail("share orders"));
    assertTrue(fail("share 999").contains("no region 999 is open; see 'regions'"));
    assertEquals(
        "dmalloc: attach: give the token, - for standard input, or --file FILE, and one of them"
            + " only",
        fail("attach"));
    assertTrue(fail("attach %s -f x", token).endsWith("and one of them only"));
    assertTrue(fail("attach -f %s", directory).contains("is a directory"));
    assertTrue(fail("attach -f absent").contains("no such file"));
    Path empty = Files.writeString(directory.resolve("empty"), "\n" + token);
    assertEquals(
        "dmalloc: attach: " + empty + " has no token in its first line",
        fail("attach -f %s", empty));
    assertTrue(fail("attach %s --max 4k", token).contains("larger than the maximum of 4096"));
    assertTrue(fail("attach %s --autogrow", token).contains("give --max SIZE too"));
    assertTrue(fail("attach %s -b files", token).contains("PROCESS_SHARED"));
    run("free %d", id);
    String gone = fail("attach %s", token);
    assertTrue(gone.contains("the region is closed, or has moved") || gone.contains("is closed:"));
    shell.providers.remove(1);
    assertEquals(
        "dmalloc: attach: no backend here shares regions; see 'providers'",
        fail("attach %s", token));
    shell.providers.put(memfd, new Backend.Service(1, 1, null, ""));
  }

  @Test
  void openRegionsAreOfferedToShare() throws Exception {
    long id = id("alloc 64k --process-shared");
    assertEquals(List.of(Long.toString(id)), shell.complete(List.of("share", ""), 1));
    assertTrue(shell.complete(List.of("share", "1", "-f", ""), 3).contains(GogoShell.PATHS));
    assertTrue(shell.complete(List.of("attach", "-f", ""), 2).contains(GogoShell.PATHS));
    assertTrue(shell.complete(List.of("attach", "-b", ""), 2).contains("anon-memfd"));
  }
}
