/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MappingKind;
import org.dmalloc.spi.checkpoint.GroupMember;
import org.dmalloc.spi.checkpoint.Journal;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.checkpoint.OpenGroups;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.PhasedProgress;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.RegionStore;
import org.jspecify.annotations.Nullable;

/** Makes and opens regions with {@link Durability#CHECKPOINT} in one store. */
record CheckpointedRegions(RegionLedger ledger, RegionStore store, Machine machine, String holder) {

  /** As many pages as a set of them can have. */
  static final long MOST_BYTES = 4L << 40;

  /** Which journal a stored region has; empty if it is not checkpointed. */
  Optional<JournalRef> journalOf(String name) throws MemoryException {
    return store.journalOf(name);
  }

  /** Throws if checkpoints are asked of a region that was not allocated for them. */
  static void refuse(OpenRequest request) {
    if (request.durability() == Durability.CHECKPOINT) {
      throw new IllegalArgumentException(
          "region '"
              + request.name()
              + "' was not allocated with durability CHECKPOINT; open it without, or copy it to one"
              + " that was");
    }
  }

  static void requireSize(String operation, long byteSize, String name) throws MemoryException {
    if (byteSize > MOST_BYTES) {
      throw MemoryException.of(
          operation,
          byteSize,
          name,
          "a checkpointed region has at most " + MOST_BYTES + " bytes",
          "choose a smaller size or maximum");
    }
  }

  BackedRegion create(RegionRequest request, long carriedAs) throws MemoryException {
    requireSize(
        "allocate",
        Math.max(request.byteSize(), request.maximum()),
        String.valueOf(request.name()));
    String name = Objects.requireNonNull(request.name());
    boolean reserves = request.reservation() == Reservation.RESERVED;
    PhasedProgress progress =
        new PhasedProgress(request.progress(), request.byteSize(), reserves ? 1 : 0);
    store.prepareDirectory();
    GroupMember member =
        OpenGroups.allocate(store, request.checkpoints(), holder, ledger.sectionTimeoutNanos());
    try {
      RegionFile.Named file =
          RegionFile.Named.create(
              request.reservation(),
              reserves ? progress.next() : ProgressListener.NONE,
              reserver ->
                  store.create(
                      name,
                      request.byteSize(),
                      request.reservation(),
                      reserver,
                      member.journal(),
                      holder));
      int number = Objects.requireNonNull(file.inStore().orElseThrow().journal()).member();
      try {
        return region(name, file, request.byteSize(), request.options(), member, carriedAs);
      } catch (MemoryException | RuntimeException | Error e) {
        forget(member, number, e);
        throw e;
      }
    } catch (MemoryException | RuntimeException | Error e) {
      member.abandon(e);
      throw e;
    }
  }

  /** Takes a region out of its journal whose file is gone again. */
  private static void forget(GroupMember member, int number, Throwable failure) {
    try {
      member.journal().remove(number);
    } catch (MemoryException e) {
      failure.addSuppressed(e);
    }
  }

  BackedRegion open(
      OpenRequest request, JournalRef place, long carriedAs, RegionLedger.Booking booking)
      throws MemoryException {
    GroupMember member =
        OpenGroups.open(store, place, request.checkpoints(), holder, ledger.sectionTimeoutNanos());
    try {
      RegionFile.Named file =
          RegionFile.Named.open(
              store, request.name(), OpenMode.WRITER, request.nameDurability(), holder);
      try {
        file.inStore().orElseThrow().trim(); // what a growth left that no checkpoint has
        requireSize("open", Math.max(file.byteSize(), request.maximum()), request.name());
        booking.ofSize(file.byteSize());
      } catch (MemoryException | RuntimeException | Error e) {
        file.discard(e);
        throw e;
      }
      RegionOptions options = request.options().withReservation(file.reservation());
      return region(request.name(), file, file.byteSize(), options, member, carriedAs);
    } catch (MemoryException | RuntimeException | Error e) {
      member.abandon(e);
      throw e;
    }
  }

  /** Makes file and journal for a region that comes from another store. */
  ArrivingFile receive(
      RegionRequest request, StoreMove move, CarriedGroup.Last last, long carriedAs)
      throws MemoryException {
    String name = Objects.requireNonNull(request.name());
    requireSize("move", Math.max(request.byteSize(), request.maximum()), name);
    Journal journal =
        store.receiveJournal(name, last.group(), last.groupName(), last.member(), holder);
    try {
      RegionFile.Named file =
          RegionFile.Named.create(
              request.reservation(),
              ProgressListener.NONE,
              reserver ->
                  store.createArriving(
                      name,
                      request.byteSize(),
                      request.reservation(),
                      move,
                      reserver,
                      new JournalRef(last.group(), last.member()),
                      holder));
      return new ArrivingFile(this, request, carriedAs, file, journal);
    } catch (MemoryException | RuntimeException | Error e) {
      try {
        journal.delete();
      } catch (MemoryException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  GroupMember adopt(Journal journal, RegionRequest request) {
    return OpenGroups.adopt(journal, request.checkpoints(), ledger.sectionTimeoutNanos());
  }

  /** The region over a file that has arrived; discards it with its journal if that fails. */
  BackedRegion arrived(
      @Nullable String name,
      RegionFile.Named file,
      long byteSize,
      RegionOptions asked,
      GroupMember member,
      long carriedAs)
      throws MemoryException {
    RegionRequest request = new RegionRequest(byteSize, name, asked);
    int number = Objects.requireNonNull(file.inStore().orElseThrow().journal()).member();
    boolean[] begun = new boolean[1];
    try {
      return ledger.admit(
          request,
          () -> {
            begun[0] = true;
            return region(Objects.requireNonNull(name), file, byteSize, asked, member, carriedAs);
          });
    } catch (MemoryException | RuntimeException | Error e) {
      if (!begun[0]) {
        file.discard(e);
      }
      forget(member, number, e);
      member.abandon(e);
      throw e;
    }
  }

  /** Maps the file and makes the region; discards the file if that fails. */
  private BackedRegion region(
      String name,
      RegionFile.Named file,
      long byteSize,
      RegionOptions asked,
      GroupMember member,
      long carriedAs)
      throws MemoryException {
    try {
      Mapping mapping =
          Mapping.ofFile(
              file.descriptor(),
              file.dataOffset(),
              byteSize,
              asked.maximum(),
              MappingKind.PRIVATE_UNPROMISED,
              asked.pageSize());
      try {
        AccessPattern pattern = asked.pattern();
        if (pattern == AccessPattern.RANDOM || pattern == AccessPattern.SEQUENTIAL) {
          mapping.advise(Advice.valueOf(pattern.name()), 0, byteSize);
        }
        if (asked.prefault()) {
          new CheckedPaging(mapping, machine, file.descriptor().target())
              .populate(AccessMode.READ_ONLY, 0, byteSize, asked.progress(), "nothing was opened");
        }
        RegionTraits traits =
            RegionTraits.of(
                    name,
                    asked.withDurability(Durability.CHECKPOINT),
                    Sharing.SHARED,
                    file.path(),
                    PanamaProvider.backing(file))
                .withFileKey(file.key())
                .carriedAs(carriedAs);
        CheckpointedBacking backing =
            new CheckpointedBacking(file, mapping, member, ledger.shared(traits), machine);
        try {
          BackedRegion region = new BackedRegion(ledger, ledger.shared(traits), backing);
          backing.join(region);
          return region;
        } catch (RuntimeException | Error e) {
          backing.abandon();
          throw e;
        }
      } catch (MemoryException | RuntimeException | Error e) {
        mapping.close();
        throw e;
      }
    } catch (MemoryException | RuntimeException | Error e) {
      file.discard(e);
      throw e;
    }
  }
}
