/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.SlotFormat.Seal;
import org.jspecify.annotations.Nullable;

/**
 * The slots of an open journal: which checkpoints they have, and the one that is being written. Its
 * own monitor is never held while the device is waited for, but to take a failed checkpoint back.
 */
final class Slots implements SlotWriter.Owner {
  private static final Logger LOG = System.getLogger(Slots.class.getName());

  /** Whom they belong to. */
  interface Owner {
    /** Throws unless that is a member. */
    void checkMember(int member);

    /** A checkpoint has become durable. */
    void sealed();
  }

  private final JournalFiles files;
  private final UUID journal;
  private final Owner owner;

  /** The checkpoints that they have; null for one that has none that counts. */
  private final @Nullable Seal[] seals;

  private long sealed;
  private Instant sealedAt;
  private @Nullable SlotWriter writer;

  /** The slot that has a seal which must not count, after a wait for it failed; -1 for none. */
  private int withdrawn = -1;

  private SlotWriter.@Nullable Batch batch;

  Slots(JournalFiles files, UUID journal, Recovery recovery, Owner owner) {
    this.files = files;
    this.journal = journal;
    this.owner = owner;
    this.seals = recovery.seals().toArray(new @Nullable Seal[0]);
    this.sealed = recovery.sealed();
    this.sealedAt = recovery.sealedAt();
  }

  /** The last durable checkpoint. */
  record Last(long number, Instant at) {}

  synchronized Last last() {
    return new Last(sealed, sealedAt);
  }

  /** Goes on from a checkpoint that the regions' files have, and no slot. */
  synchronized void goOnFrom(long number, Instant at) {
    sealed = number;
    sealedAt = at;
  }

  private @Nullable Seal sealOf(long number) {
    Seal seal = seals[Recovery.slotOf(number)];
    return seal != null && seal.attempt().number() == number ? seal : null;
  }

  /**
   * Begins the next checkpoint.
   *
   * @param applied the last one that is in the regions' files
   */
  synchronized SlotWriter begin(long number, long applied) throws MemoryException {
    if (number != sealed + 1 || applied < number - JournalFiles.SLOTS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "checkpoint %d; the next is %d, and %d is applied",
              number,
              sealed + 1,
              applied));
    }
    if (writer != null) {
      throw new IllegalStateException("checkpoint " + number + " has begun already");
    }
    int slot = Recovery.slotOf(number);
    SlotWriter begun =
        JournalErrors.call(
            "checkpoint",
            -1,
            files.slotPath(slot),
            () -> {
              withdraw();
              return new SlotWriter(
                  this, files.slot(slot), files.slotPath(slot), journal, number, batch());
            });
    seals[slot] = null;
    writer = begun;
    return begun;
  }

  private SlotWriter.Batch batch() {
    SlotWriter.Batch made = batch;
    if (made == null) {
      made = new SlotWriter.Batch();
      batch = made;
    }
    return made;
  }

  @Override
  public void checkMember(int member) {
    owner.checkMember(member);
  }

  @Override
  public void sealed(Seal seal) {
    synchronized (this) {
      writer = null;
      sealed = seal.attempt().number();
      sealedAt = seal.at();
      seals[Recovery.slotOf(sealed)] = seal;
    }
    owner.sealed();
  }

  @Override
  public synchronized void abandoned(SlotWriter abandoned, boolean sealMayBeThere) {
    writer = null;
    if (sealMayBeThere) {
      withdrawn = Recovery.slotOf(abandoned.number());
      try {
        withdraw();
      } catch (IOException e) {
        LOG.log(
            Level.WARNING,
            "{0} may have a checkpoint that failed; the next one tries again to take it back: {1}",
            files.slotPath(withdrawn),
            e.getMessage());
      }
    }
  }

  /**
   * Takes a checkpoint back that the device may have though a wait for it failed. The file is cut
   * to nothing: of what failed to be written the kernel may take blocks for written ones.
   */
  private void withdraw() throws IOException {
    if (withdrawn >= 0) {
      JournalDisk slot = files.slot(withdrawn);
      slot.setLength(0);
      slot.sync();
      withdrawn = -1;
    }
  }

  /** A durable checkpoint; empty if its place is used by another one, or by none. */
  Optional<Journal.Sealed> read(long number) throws MemoryException {
    int slot = Recovery.slotOf(number);
    synchronized (this) {
      if (number < 1 || sealOf(number) == null) {
        return Optional.empty();
      }
    }
    return JournalErrors.call(
        "read",
        -1,
        files.slotPath(slot),
        () -> Optional.ofNullable(Recovery.reader(files, slot, journal).open(number)));
  }
}
