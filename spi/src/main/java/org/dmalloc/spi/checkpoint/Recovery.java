/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.dmalloc.spi.checkpoint.SlotFormat.Seal;
import org.jspecify.annotations.Nullable;

/**
 * What superblock and slots say together. A slot that begins checkpoint N proves that N - 1 was
 * acknowledged, and that N - 2, which it had before, is in the regions' files: nobody begins N
 * before the device has both.
 *
 * @param applied the last checkpoint that is in the regions' files
 * @param sealed the last one that is durable
 * @param sealedAt when it became so
 * @param seals those of the checkpoints in the slots; null for one that has none
 * @param damage why an acknowledged checkpoint that is still needed cannot be had; null if none is
 */
record Recovery(
    long applied,
    long sealed,
    Instant sealedAt,
    List<@Nullable Seal> seals,
    @Nullable Damage damage) {
  private static final int SLOTS = JournalFiles.SLOTS;

  record Damage(Path file, String what) {}

  static int slotOf(long number) {
    return (int) (number % SLOTS);
  }

  static SlotReader reader(JournalFiles files, int slot, UUID journal) {
    return new SlotReader(files.slot(slot), files.slotPath(slot), journal);
  }

  static Recovery of(JournalFiles files, Superblock superblock) throws IOException {
    long applied = superblock.applied();
    long acknowledged = superblock.acknowledged();
    SlotReader.Found[] found = new SlotReader.Found[SLOTS];
    for (int slot = 0; slot < SLOTS; slot++) {
      SlotReader.Found begun = reader(files, slot, superblock.id()).examine();
      if (begun.number() > 0 && slotOf(begun.number()) != slot) {
        begun = SlotReader.Found.none(0, "it has checkpoint " + begun.number() + " of the other");
      }
      found[slot] = begun;
      applied = Math.max(applied, begun.number() - SLOTS);
      acknowledged = Math.max(acknowledged, begun.number() - 1);
    }
    long sealed = acknowledged;
    Instant sealedAt = superblock.sealedAt();
    @Nullable Seal[] seals = new @Nullable Seal[SLOTS];
    for (int slot = 0; slot < SLOTS; slot++) {
      if (found[slot].number() > applied) {
        found[slot] = reader(files, slot, superblock.id()).verify();
      }
      Seal seal = found[slot].seal();
      seals[slot] = seal;
      if (seal != null && found[slot].number() >= sealed) {
        sealed = found[slot].number();
        sealedAt = seal.at();
      }
    }
    return new Recovery(
        applied,
        sealed,
        sealedAt,
        Collections.unmodifiableList(Arrays.asList(seals)),
        damage(files, found, applied, sealed));
  }

  /** What is acknowledged is in the files, or in a slot. */
  private static @Nullable Damage damage(
      JournalFiles files, SlotReader.Found[] found, long applied, long sealed) {
    for (long number = applied + 1; number <= sealed; number++) {
      int slot = slotOf(number);
      SlotReader.Found there = found[slot];
      if (there.number() != number || there.seal() == null) {
        String what =
            there.number() == number || there.number() == 0
                ? there.flaw()
                : "it has checkpoint " + there.number();
        return new Damage(
            files.slotPath(slot),
            "checkpoint "
                + number
                + ", which was acknowledged and is not in the regions' files yet: "
                + what);
      }
    }
    return null;
  }
}
