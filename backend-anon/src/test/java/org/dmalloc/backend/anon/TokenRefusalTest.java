/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.linux.FileFacts;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Seal;
import org.dmalloc.spi.machine.ProcessIdentity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens that lead to something else than what they were made for. */
class TokenRefusalTest {
  private static final int SIZE = 100_000;
  private static final String NEXT = "; get another token where the region is open";

  private final AnonymousProvider provider = SourceFixture.start(MemorySource.MEMFD);
  private MemoryRegion region;
  private ShareToken token;

  @BeforeEach
  void share() throws MemoryException {
    region = provider.allocate(RegionRequest.ofSize(SIZE).withProcessShared(true).withOwner("me"));
    SharingChild.fill(region, 0);
    token = ShareToken.parse(region.token(), provider.name());
  }

  @AfterEach
  void close() {
    SharingChild.check(region, 0);
    region.close();
    assertEquals(0, provider.statistics().openRegions());
    assertEquals(0, provider.statistics().openBytes());
  }

  /** The token of this region, with some numbers of another. */
  private final class Forged {
    private int namespace = token.namespace();
    private int pid = token.pid();
    private long startTicks = token.startTicks();
    private int descriptor = token.descriptor();
    private long device = token.device();
    private long inode = token.inode();
    private long byteSize = token.byteSize();
    private ShareSecret secret = token.secret();

    Forged ofFile(OpenFile file) throws MemoryException {
      FileFacts facts = file.facts();
      descriptor = file.descriptor();
      device = facts.device();
      inode = facts.inode();
      return this;
    }

    String print() {
      return new ShareToken(namespace, pid, startTicks, descriptor, device, inode, byteSize, secret)
          .print();
    }

    /** The reason and the next step. */
    String refusal() throws IOException {
      return TokenRefusalTest.this.refusal(print(), pid, descriptor);
    }
  }

  private String refusal(String printed, int pid, int descriptor) throws IOException {
    attach(printed); // loads classes, which opens files
    List<String> before = descriptors();
    long mappings = mappings();
    String message = attach(printed).getMessage();
    assertEquals(before, descriptors(), message);
    assertEquals(mappings, mappings(), message);
    assertFalse(message.contains(token.secret().digest()), message);
    assertFalse(message.contains(printed.substring(ShareToken.PREFIX.length())), message);
    String start =
        String.format(
            Locale.ROOT, "attach the region at descriptor %d of process %d: ", descriptor, pid);
    assertTrue(message.startsWith(start), message);
    return message.substring(start.length());
  }

  private MemoryException attach(String printed) {
    return assertThrows(
        MemoryException.class, () -> provider.attach(printed, RegionOptions.DEFAULT).close());
  }

  /** All but the one that lists them. */
  private static List<String> descriptors() throws IOException {
    Path all = Path.of("/proc/self/fd");
    try (Stream<Path> each = Files.list(all)) {
      return each.map(Path::toString).filter(fd -> Files.exists(Path.of(fd))).sorted().toList();
    }
  }

  private static long mappings() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .filter(line -> line.contains("memfd:"))
        .count();
  }

  @Test
  void aTokenOfThisRegionIsGood() throws Exception {
    try (MemoryRegion attached = provider.attach(new Forged().print(), RegionOptions.DEFAULT)) {
      SharingChild.check(attached, 0);
    }
  }

  @Test
  void anotherNamespaceIsNoPlaceToLook() throws Exception {
    Forged forged = new Forged();
    forged.namespace++;
    assertEquals(
        "its process is in another pid namespace; attach it in the container in which it was"
            + " shared",
        forged.refusal());
  }

  @Test
  void aProcessThatHasEndedIsNotThere() throws Exception {
    Forged forged = new Forged();
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    forged.pid = (int) ended.pid();
    assertEquals("there is no such process any more" + NEXT, forged.refusal());
    forged.pid = -1;
    assertEquals("there is no such process any more" + NEXT, forged.refusal());
  }

  @Test
  void aLaterProcessOfTheNumberIsAnother() throws Exception {
    Forged forged = new Forged();
    forged.startTicks--;
    assertEquals(
        "that process has ended, and its number is another's by now" + NEXT, forged.refusal());
  }

  /** As root by a process of another user; else the first process is one. */
  @Test
  void aProcessOfAnotherUserIsNotLookedInto() throws Exception {
    boolean root = ProcessIdentity.self().user() == 0;
    boolean setpriv = Files.isExecutable(Path.of("/usr/bin/setpriv"));
    if (root && !setpriv) {
      System.out.println("SKIPPED: no setpriv (util-linux)");
    }
    Assumptions.assumeTrue(!root || setpriv, "no setpriv (util-linux)");
    Process nobody =
        new ProcessBuilder(
                root
                    ? List.of(
                        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "cat")
                    : List.of("cat"))
            .start();
    try {
      Forged forged = new Forged();
      forged.pid = root ? (int) nobody.pid() : 1;
      awaitExec(forged.pid);
      forged.startTicks = ProcessIdentity.of(forged.pid).orElseThrow().startTicks();
      String refusal = forged.refusal();
      assertTrue(
          refusal.matches("that process is of user \\d+, and this one is of user \\d+; share.*"),
          refusal);
    } finally {
      nobody.destroyForcibly().waitFor();
    }
  }

  /** It has its user from the moment at which it runs what it was told to. */
  private static void awaitExec(int pid) throws IOException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (ProcessIdentity.of(pid).orElseThrow().user() == ProcessIdentity.self().user()) {
      assertTrue(System.nanoTime() < deadline, "it stays of this user");
      Thread.onSpinWait();
    }
  }

  @Test
  void aClosedDescriptorLeadsNowhere() throws Exception {
    Forged forged = new Forged();
    forged.descriptor = 999_999;
    assertEquals("that descriptor is closed: the region is, or has moved" + NEXT, forged.refusal());
    forged.descriptor = -1;
    assertEquals("that descriptor is closed: the region is, or has moved" + NEXT, forged.refusal());
  }

  @Test
  void anotherFileOfTheNumberIsNotOpened(@TempDir Path directory) throws Exception {
    String another =
        "that descriptor leads to another file by now: the region is closed, or has moved" + NEXT;
    Forged forged = new Forged();
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      forged.descriptor = file.descriptor();
      assertEquals(another, forged.refusal());
    }
    try (MemoryRegion other =
        provider.allocate(RegionRequest.ofSize(SIZE).withProcessShared(true))) {
      forged.descriptor = ShareToken.parse(other.token(), provider.name()).descriptor();
      assertEquals(another, forged.refusal());
    }
    Process cat = new ProcessBuilder("cat").start(); // whose input is a pipe that nobody fills
    try {
      forged.pid = (int) cat.pid();
      forged.startTicks = ProcessIdentity.of(forged.pid).orElseThrow().startTicks();
      forged.descriptor = 0;
      assertEquals(another, forged.refusal());
    } finally {
      cat.destroyForcibly().waitFor();
    }
  }

  @Test
  void aFileOfTheDiskIsNoMemfd(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("memfd:dmalloc:" + token.secret().digest() + " (deleted)");
    Files.write(path, new byte[SIZE]);
    try (OpenFile file = OpenFile.open(path, AccessMode.READ_WRITE)) {
      assertEquals("that descriptor is no memfd's" + NEXT, new Forged().ofFile(file).refusal());
    }
  }

  @Test
  void aGuessedSecretOpensNothing() throws Exception {
    Forged forged = new Forged();
    forged.secret = ShareSecret.random();
    assertEquals("the token's secret is not that of the memfd" + NEXT, forged.refusal());
    try (OpenFile other = OpenFile.inMemory("dmalloc:secret")) {
      assertEquals(
          "the token's secret is not that of the memfd" + NEXT,
          new Forged().ofFile(other).refusal());
    }
    try (MemoryRegion unshared = provider.allocate(RegionRequest.ofSize(SIZE))) {
      int descriptor =
          Integer.parseInt(String.valueOf(unshared.info().path()).replaceFirst(".*/", ""));
      Forged plain = new Forged();
      plain.descriptor = descriptor;
      plain.inode =
          ((Number) Files.getAttribute(Path.of("/proc/self/fd/" + descriptor), "unix:ino"))
              .longValue();
      assertEquals("the token's secret is not that of the memfd" + NEXT, plain.refusal());
    }
  }

  @Test
  void aMemfdThatOthersCouldCutIsNotMapped() throws Exception {
    try (OpenFile file = OpenFile.inMemory("dmalloc:" + token.secret().digest())) {
      file.setByteSize(SIZE);
      Forged forged = new Forged().ofFile(file);
      assertEquals(
          "it is not sealed: whoever cut it short would end this process at an access; attach what"
              + " 'share' gives a token for",
          forged.refusal());
      Seal.add(file, Seal.SHRINK);
      provider.attach(forged.print(), RegionOptions.DEFAULT).close();
    }
  }

  @Test
  void aSmallerMemfdIsNotTheOne() throws Exception {
    Forged forged = new Forged();
    forged.byteSize = SIZE + 1;
    String message = attach(forged.print()).getMessage();
    assertEquals(
        String.format(
                Locale.ROOT,
                "attach 100001 bytes of the region at descriptor %d of process %d: it has 100000"
                    + " bytes",
                token.descriptor(),
                token.pid())
            + NEXT,
        message);
  }

  @Test
  void whatIsRefusedDropsNoLock() throws Exception {
    int self = region.members().orElseThrow().self();
    Forged forged = new Forged();
    forged.byteSize = SIZE + 1; // is opened, and then found to be too small
    attach(forged.print());
    String locks = Files.readString(Path.of("/proc/locks"));
    assertTrue(
        locks.lines().anyMatch(line -> line.contains(":" + token.inode() + " ")),
        "member " + self + " is not among " + locks);
  }

  @Test
  void aRegionTakesWhatOthersTake() throws Exception {
    try (MemoryRegion attached =
        provider.attach(region.token(), RegionOptions.DEFAULT.withPattern(AccessPattern.RANDOM))) {
      assertEquals(25 * 4096, attached.residency().byteSize());
      attached.release();
      attached.advise(Advice.HUGE_PAGE);
      attached.punch(0, 4096, Punch.RELEASE);
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().get(JAVA_LONG, 8));
      }
      SharingChild.fill(attached, 0);
      UnsupportedOperationException refusal =
          assertThrows(UnsupportedOperationException.class, () -> attached.limitResident(SIZE));
      assertEquals(
          "limit of region "
              + attached.id()
              + " (anon-memfd): no page leaves RAM that another process has mapped; share a region"
              + " without a resident budget",
          refusal.getMessage());
    }
    RegionRequest limited =
        RegionRequest.ofSize(SIZE).withProcessShared(true).withResidentBudget(SIZE);
    assertThrows(UnsupportedOperationException.class, () -> provider.allocate(limited).close());
    MemoryException cut = assertThrows(MemoryException.class, () -> region.resize(1));
    assertTrue(cut.getMessage().contains("sealed against cuts"), cut.getMessage());
  }
}
