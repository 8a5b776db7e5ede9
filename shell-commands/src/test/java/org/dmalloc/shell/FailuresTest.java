/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailuresTest {
  private final InMemoryProvider files = InMemoryProvider.of("files", Capability.NAMED);
  private final InMemoryProvider plain = InMemoryProvider.of("plain", Capability.RESIZE);
  private final GogoShell shell = new GogoShell(files, plain);

  @AfterEach
  void close() {
    shell.close();
  }

  private void refuseAsFull() {
    files
        .faults()
        .before(
            call -> {
              throw MemoryException.of(
                  "allocate", 1L << 30, "heap", "ENOSPC", 28, "allocate less", null);
            },
            "allocate");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          alloc                    | alloc: SIZE is missing; usage: alloc SIZE [OPTION…]
          alloc 10x                | alloc: SIZE '10x' is not a size; give one such as 4096, 64k, 512m or 1.5g
          alloc -5                 | alloc: SIZE '-5' is not a size; give one such as 4096, 64k, 512m or 1.5g
          alloc 1.5                | alloc: SIZE '1.5' is not a whole number of bytes; add a unit such as k, m or g
          alloc 9e9g               | alloc: SIZE '9e9g' is not a size; give one such as 4096, 64k, 512m or 1.5g
          alloc 9999999p           | alloc: SIZE '9999999p' is more than the largest size, 8 EiB less one byte; give a smaller one
          alloc 1k --budget x      | --budget 'x' is not a size; give one such as 4096, 64k, 512m or 1.5g
          alloc 1k -d ''           | --directory '' is empty; give the path of one
          stored -d ''             | --directory '' is empty; give the path of one
          alloc 1k --budget 0      | budget of 0 bytes; give at least 1, or none
          hotswap                  | hotswap: ID is missing; usage: hotswap ID… BACKEND [-a] [--rate RATE]
          alloc 1k 2k              | alloc: unexpected argument '2k'; usage: alloc SIZE [OPTION…]
          alloc 1k --bakend files  | alloc: unknown option --bakend; did you mean --backend? Or see 'alloc --help'
          alloc 1k -z              | alloc: unknown option -z; see 'alloc --help'
          alloc 1k -b              | alloc: -b needs a value; write -b BACKEND
          alloc 1k --huge=yes      | alloc: --huge takes no value; write --huge alone
          alloc 1k -b fils         | backend 'fils' is unknown; did you mean files? Or give one of files, plain
          alloc 1k -p rnadom       | alloc: --pattern 'rnadom' is unknown; did you mean random? Or give one of auto, normal, random, sequential
          alloc 1g                 | allocate 1073741824 bytes of heap: ENOSPC (28); allocate less
          alloc 1k -n 12           | alloc: region name '12' is a number and would be taken for an id; add a letter
          read nothing             | no region 'nothing', neither open nor stored; see 'regions' and 'stored'
          read 424242              | no region 424242 is open; see 'regions'
          read 99999999999999999999| no region 99999999999999999999 is open; see 'regions'
          alloc 1k --autogrow      | --autogrow grows the region up to --max; give --max SIZE too
          alloc 1k --max 0         | --max 0: no size to grow to; give at least the region's size
          alloc 2k --max 1k        | alloc: --max 1024 is less than SIZE, which is 2048; give at least that
          alloc 1k --max 1m        | backend files lacks GROW_IN_PLACE; no backend here has it
          alloc 1k --durable later | alloc: --durable 'later' is unknown; give one of now, force
          punch nothing            | punch: give the range that is to be emptied by --offset and --length, or --all
          punch x --all --offset 1 | punch: give a range or --all, not both
          protect x writable       | protect: ACCESS 'writable' is unknown; give one of ro, rw
          flush                    | flush: give a region, or --names for all names; see 'regions'
          flush x --names          | flush: give a region or --names, not both
          rename nothing other     | no region 'nothing', neither open nor stored; see 'regions' and 'stored'
          snapshot nothing copy    | no region 'nothing', neither open nor stored; see 'regions' and 'stored'
          rename nothing 12        | rename: region name '12' is a number and would be taken for an id; add a letter
          rename nothing           | rename: NEWNAME is missing; usage: rename NAME NEWNAME [-b BACKEND] [-d DIR] [--durable WHEN]
          delete nothing           | no region 'nothing', neither open nor stored; see 'regions' and 'stored'
          help nothing             | command 'nothing' is unknown; give one of
          """)
  void aMistakeIsOneLineThatNamesTheValueAndTheNextStep(String line, String message) {
    refuseAsFull();
    String failure = shell.fail(line);
    assertTrue(failure.startsWith("dmalloc: " + message), failure);
    assertEquals(1, failure.lines().count());
  }

  @Test
  void anUndeclaredCapabilityNamesTheBackendsThatHaveIt() throws Exception {
    String id = shell.session.execute("alloc 64").toString();
    assertEquals(
        "dmalloc: backend files lacks RESIZE; choose one that has it: plain",
        shell.fail(String.format(Locale.ROOT, "resize %s 1k", id)));
    assertEquals(
        "dmalloc: backend files lacks FORCE; no backend here has it", shell.fail("flush " + id));
  }

  @Test
  void rangesOutsideTheRegionAreRefused() throws Exception {
    String id = shell.session.execute("alloc 64").toString();
    String end = "beyond the end of region " + id + ", which has 64 bytes";
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "read %s 60 5", id))
            .contains("5 bytes at 60: " + end));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "write %s 64 x", id))
            .contains("1 byte at 64: " + end));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "read %s 65", id))
            .contains("offset 65 is beyond the end of region " + id + ", which has 64 bytes"));
    assertEquals("", shell.run(String.format(Locale.ROOT, "read %s 64 0", id)));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "write %s 0 --hex 0g", id))
            .contains("'0g' is not hex"));
  }

  @Test
  void aLostBackingIsOneLineAndTheShellGoesOn() throws Exception {
    String id = shell.session.execute("alloc 64 -b plain").toString();
    InternalError lost = new InternalError("a fault occurred in an unsafe memory access operation");
    plain.faults().fail(lost, "resize");
    String failure = shell.fail(String.format(Locale.ROOT, "resize %s 1k", id));
    assertTrue(failure.startsWith("dmalloc: resize 64 bytes of region " + id), failure);
    assertTrue(failure.contains(": SIGBUS: a page could not be read or written"), failure);
    assertEquals(1, failure.lines().count());
    assertTrue(shell.run("regions").contains("rw, failed"), shell.run("regions"));
    String info = shell.run("info " + id);
    assertTrue(info.contains("failed") && info.contains("could not be read or written"), info);
  }

  @Test
  void aStoppedProviderIsOneLine() {
    files.stop();
    assertEquals(
        "dmalloc: alloc: backend files is stopped; use another provider or start its bundle",
        shell.fail("alloc 64"));
  }

  @Test
  void withoutABackendTheMessageSaysSo() throws Exception {
    shell.providers.all().forEach(b -> shell.providers.remove(b.serviceId()));
    assertEquals("dmalloc: no backend is running; start a backend bundle", shell.fail("alloc 64"));
    assertEquals("no backend is running", shell.run("providers"));
  }

  @Test
  void aMissingFileIsNamed() throws Exception {
    String id = shell.session.execute("alloc 64").toString();
    assertEquals(
        "dmalloc: write: /no/such: no such file or directory",
        shell.fail(String.format(Locale.ROOT, "write %s 0 --file /no/such", id)));
  }

  @Test
  void aStackTraceIsPrintedOnlyOnRequest() {
    refuseAsFull();
    shell.fail("alloc 1g");
    assertEquals("", shell.err());
    shell.fail("alloc 1g -v");
    assertTrue(shell.err().contains("MemoryException"), shell.err());
    assertTrue(
        shell.err().contains("\tat org.dmalloc.testkit.memory.InMemoryProvider"), shell.err());
  }
}
