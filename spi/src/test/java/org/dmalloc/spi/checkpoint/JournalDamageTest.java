/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.Journal.State;
import org.dmalloc.spi.checkpoint.SimulatedGroup.Acknowledged;
import org.junit.jupiter.api.Test;

/** Damages the files of a journal: it is told, or does no harm; never a wrong byte is shown. */
final class JournalDamageTest {
  private static final int PAGE = 4096;
  private static final int JOURNAL_FILES = 3;

  /** Changes some bytes of a file. */
  private interface Damage {
    byte[] to(byte[] file, Random random);
  }

  private static byte[] flip(byte[] file, Random random) {
    file[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
    return file;
  }

  private static byte[] loseASector(byte[] file, Random random) {
    int at = random.nextInt(file.length / 512) * 512;
    Arrays.fill(file, at, at + 512, (byte) 0);
    return file;
  }

  private static byte[] scribble(byte[] file, Random random) {
    byte[] some = new byte[1 + random.nextInt(200)];
    random.nextBytes(some);
    int at = random.nextInt(file.length - some.length);
    System.arraycopy(some, 0, file, at, some.length);
    return file;
  }

  private static byte[] cut(byte[] file, Random random) {
    return Arrays.copyOf(file, random.nextInt(file.length));
  }

  private static byte[] copyAPage(byte[] file, Random random) {
    int pages = file.length / PAGE;
    System.arraycopy(file, random.nextInt(pages) * PAGE, file, random.nextInt(pages) * PAGE, PAGE);
    return file;
  }

  /** A group with some checkpoints that are in its files, and some that are not. */
  private static SimulatedGroup group(Random random, int pending) throws IOException {
    SimulatedGroup group = new SimulatedGroup(random);
    for (int step = 0; step < 9; step++) {
      group.step();
    }
    while (group.journal().sealed() - group.journal().applied() > pending) {
      group.apply();
    }
    while (group.journal().sealed() - group.journal().applied() < pending) {
      group.checkpoint();
    }
    if (random.nextBoolean()) {
      group.journal().applied(group.journal().applied()); // so that both copies tell the same
    }
    return group;
  }

  /** How often it was refused. */
  private static int damage(Damage damage, int times, int damages) throws IOException {
    int refused = 0;
    for (int pending = 0; pending <= 2; pending++) {
      for (int seed = 0; seed < 4; seed++) {
        Random random = new Random(seed * 3L + pending);
        SimulatedGroup group = group(random, pending);
        List<byte[]> sound = group.contents();
        Acknowledged last = group.acknowledged.getLast();
        for (int time = 0; time < times; time++) {
          refused += check(damaged(sound, damage, damages, random), last, random) ? 0 : 1;
        }
      }
    }
    return refused;
  }

  private static List<byte[]> damaged(
      List<byte[]> sound, Damage damage, int damages, Random random) {
    List<byte[]> files = new ArrayList<>(sound);
    for (int i = 0; i < damages; i++) {
      int file = random.nextInt(JOURNAL_FILES);
      if (files.get(file).length > 0) {
        files.set(file, damage.to(files.get(file).clone(), random));
      }
    }
    return files;
  }

  /** Whether it was opened, and had all of the last checkpoint; else it was refused. */
  private static boolean check(List<byte[]> files, Acknowledged last, Random random)
      throws IOException {
    SimulatedGroup found;
    try {
      found = new SimulatedGroup(random, files);
    } catch (MemoryException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("damaged: ") || message.contains("too new: "), message);
      return false;
    }
    assertEquals(last.number(), found.journal().sealed());
    for (int member = 0; member < SimulatedGroup.MEMBERS; member++) {
      assertArrayEquals(last.content().get(member), found.regions().get(member));
    }
    return true;
  }

  @Test
  void aBitThatFlipsIsToldOrHarmless() throws Exception {
    int refused = damage(JournalDamageTest::flip, 300, 1);
    assertTrue(refused > 300 && refused < 3000, "refused: " + refused);
  }

  @Test
  void aLostSectorIsToldOrHarmless() throws Exception {
    int refused = damage(JournalDamageTest::loseASector, 60, 1);
    assertTrue(refused > 60, "refused: " + refused);
  }

  @Test
  void otherBytesAreToldOrHarmless() throws Exception {
    int refused = damage(JournalDamageTest::scribble, 60, 1);
    assertTrue(refused > 60, "refused: " + refused);
  }

  @Test
  void aFileThatWasCutIsToldOrHarmless() throws Exception {
    int refused = damage(JournalDamageTest::cut, 60, 1);
    assertTrue(refused > 60, "refused: " + refused);
  }

  @Test
  void aPageInAnothersPlaceIsToldOrHarmless() throws Exception {
    int refused = damage(JournalDamageTest::copyAPage, 60, 1);
    assertTrue(refused > 60, "refused: " + refused);
  }

  @Test
  void nothingPendingNeedsTheSlots() throws Exception {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      SimulatedGroup group = group(random, 0);
      List<byte[]> files = group.contents();
      for (int slot = 1; slot < JOURNAL_FILES; slot++) {
        for (int i = 0; i < 50; i++) {
          flip(files.get(slot), random);
        }
      }
      assertTrue(check(files, group.acknowledged.getLast(), random));
    }
  }

  @Test
  void oneCopyOfTheSuperblockIsEnough() throws Exception {
    for (long position : SuperblockFile.COPY_POSITIONS) {
      Random random = new Random(position);
      SimulatedGroup group = group(random, 2);
      group.journal().applied(group.journal().applied());
      List<byte[]> files = group.contents();
      Arrays.fill(files.getFirst(), (int) position, (int) position + PAGE, (byte) 0xff);
      assertTrue(check(files, group.acknowledged.getLast(), random));
    }
  }

  /** The same pages twice in one slot: of the second time the system wrote all but the content. */
  @Test
  void contentOfAnEarlierCheckpointIsNotTakenForThatOfALaterOne() throws Exception {
    SimulatedFile.Device device = new SimulatedFile.Device();
    SimulatedGroup.Files files =
        new SimulatedGroup.Files(device, List.of(new byte[0], new byte[0], new byte[0]));
    Journal journal = Journal.create(files, new UUID(1, 2), "");
    int member = journal.add("r");
    byte[] older = new byte[0];
    for (int number = 1; number <= 3; number++) {
      byte[] page = new byte[PAGE];
      Arrays.fill(page, (byte) number);
      try (Journal.Writer writer = journal.begin(number)) {
        writer.write(member, 0, MemorySegment.ofArray(page));
        writer.seal(List.of(new State(member, PAGE, -1)));
      }
      if (number == 1) {
        older = ((SimulatedFile) files.slot(1)).content();
      }
      journal.applied(Math.max(0, number - 1));
    }
    byte[] mixed = ((SimulatedFile) files.slot(1)).content();
    System.arraycopy(older, 2 * PAGE, mixed, 2 * PAGE, PAGE);
    List<byte[]> contents =
        List.of(
            ((SimulatedFile) files.group()).content(),
            ((SimulatedFile) files.slot(0)).content(),
            mixed);
    Journal opened = Journal.open(new SimulatedGroup.Files(new SimulatedFile.Device(), contents));
    assertEquals(3, opened.sealed());
    MemoryException refused =
        assertThrows(MemoryException.class, () -> opened.replay((m, region) -> Optional.empty()));
    assertTrue(
        String.valueOf(refused.getMessage()).contains("the content at 8192 fails its checksum"),
        refused.getMessage());
    assertThrows(MemoryException.class, () -> opened.begin(4));
    opened.delete(); // a damaged one can go
  }

  @Test
  void damageThatComesAfterTheOpeningIsToldBeforeAnythingOfItIsShown() throws Exception {
    Random random = new Random(11);
    SimulatedFile.Device device = new SimulatedFile.Device();
    SimulatedGroup.Files files =
        new SimulatedGroup.Files(device, List.of(new byte[0], new byte[0], new byte[0]));
    Journal journal = Journal.create(files, new UUID(1, 2), "");
    int member = journal.add("r");
    byte[] content = new byte[20 * PAGE];
    random.nextBytes(content);
    try (Journal.Writer writer = journal.begin(1)) {
      writer.write(member, 0, MemorySegment.ofArray(content));
      writer.seal(List.of(new State(member, content.length, -1)));
    }
    int length = (int) files.slot(1).length();
    for (int i = 0; i < 300; i++) {
      int at = random.nextInt(length);
      byte[] before = ((SimulatedFile) files.slot(1)).content();
      files.slot(1).write(at, ByteBuffer.wrap(new byte[] {(byte) (before[at] ^ 4)}));
      try {
        journal
            .read(1)
            .ifPresent(
                checkpoint ->
                    assertThrows(
                        MemoryException.class,
                        () ->
                            checkpoint.read(
                                (m, offset, shown) -> {
                                  byte[] bytes = new byte[shown.remaining()];
                                  shown.get(bytes);
                                  int from = (int) offset;
                                  assertArrayEquals(
                                      Arrays.copyOfRange(content, from, from + bytes.length),
                                      bytes);
                                })));
      } finally {
        files.slot(1).write(at, ByteBuffer.wrap(new byte[] {before[at]}));
      }
    }
    assertEquals(Path.of("simulated"), journal.path());
  }
}
