/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionWatcher;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Changes how much a region has, how much of it takes space, and what of it may be written. */
public final class SpaceCommands extends CommandSet {
  private static final String NOT_THE_FILE =
      "%s is checkpointed, and its file changes with checkpoints alone; ";

  public SpaceCommands(Providers providers) {
    super(providers, "resize", "length", "punch", "reserve", "protect");
  }

  @Descriptor("grows or shrinks a region; kept bytes stay, new ones are zero")
  @Affects(Effect.WRITE)
  public Message resize(
      CommandSession session,
      RegionArguments which,
      @Argument("SIZE: the new size: 4096, 64k, 512m, 1.5g …") ByteSize size)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE);
        ProgressLine progress = Console.of(session).progress("resize " + lease.label())) {
      RegionInfo before = lease.region().info();
      for (RegionWatcher watcher : providers().watchers()) {
        watcher.resizing(lease.region(), size.bytes());
      }
      lease.region().resize(size.bytes(), progress);
      boolean inPlace = size.bytes() > before.byteSize() && size.bytes() <= before.maximum();
      return size.bytes() == before.byteSize()
          ? Message.of("%s has %s already", lease.label(), ByteSize.exact(size.bytes()))
          : Message.of(
              "resized %s from %s to %s, %s",
              lease.label(),
              ByteSize.exact(before.byteSize()),
              ByteSize.exact(size.bytes()),
              inPlace ? "in place" : "mapped anew");
    }
  }

  @Descriptor("shows how many bytes of a region are in use, or says so; it is kept with the region")
  @Affects(Effect.WRITE)
  public Message length(
      RegionArguments which,
      @Argument("[SIZE]: how many are in use from now on: 4096, 64k, 1.5g …")
          @Nullable ByteSize size)
      throws MemoryException {
    AccessMode access = size == null ? AccessMode.READ_ONLY : AccessMode.READ_WRITE;
    try (RegionLookup.Lease lease = which.lease(lookup(), access)) {
      MemoryRegion region = lease.region();
      if (size != null) {
        if (size.bytes() > region.byteSize()) {
          throw UsageException.of(
              "length: SIZE %d is more than %s has, which is %d bytes; resize it first",
              size.bytes(), lease.label(), region.byteSize());
        }
        region.setLength(size.bytes());
      }
      return Message.of(
          "length of %s: %d of %d bytes", lease.label(), region.length(), region.byteSize());
    }
  }

  @Descriptor("empties a range: it reads as zeros, and what its pages took is given back")
  @Affects({Effect.WRITE, Effect.DELETE})
  public Message punch(
      CommandSession session,
      RegionArguments which,
      @Argument("--release: gives up the space too, not RAM alone; 'reserve' takes it again")
          boolean release,
      @Argument("-a, --all: all of the region") boolean all,
      RangeArguments part)
      throws MemoryException {
    if (all == part.given()) {
      throw new UsageException(
          all
              ? "punch: give a range or --all, not both"
              : "punch: give the range that is to be emptied by --offset and --length, or --all");
    }
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE);
        ProgressLine progress = Console.of(session).progress("punch " + lease.label())) {
      CheckpointState.refuse("punch", lease, NOT_THE_FILE + "'fill -w 0' stores zeros");
      ByteRange range = part.in(lease);
      range
          .region()
          .punch(range.offset(), range.length(), release ? Punch.RELEASE : Punch.KEEP_RESERVED);
      return Message.of(
          "punched %s at %d of %s in %.2f s%s",
          ByteSize.exact(range.length()),
          range.offset(),
          lease.label(),
          progress.seconds(),
          release ? "; its space is given back" : "");
    }
  }

  @Descriptor("takes the space of a range, so that no later store to it can lack it")
  @Affects(Effect.WRITE)
  public Message reserve(CommandSession session, RegionArguments which, RangeArguments part)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE);
        ProgressLine progress = Console.of(session).progress("reserve " + lease.label())) {
      CheckpointState.refuse(
          "reserve", lease, NOT_THE_FILE + "'alloc' without --sparse takes all of its space");
      ByteRange range = part.in(lease);
      range.region().reserve(range.offset(), range.length());
      return Message.of(
          "reserved %s at %d of %s in %.2f s",
          ByteSize.exact(range.length()), range.offset(), lease.label(), progress.seconds());
    }
  }

  /** What may be done to a protected range. */
  public enum Stores {
    /** Loads alone. */
    RO,
    /** Loads and stores. */
    RW
  }

  @Descriptor("protects a region, or a range of it, from stores, or lifts that")
  @Affects(Effect.WRITE)
  public Message protect(
      @Argument("ID: id or name of the region, which must be open") Object id,
      @Argument("-b, --backend BACKEND: the backend of the region, if several have one of the name")
          @Nullable String backend,
      @Argument("ACCESS: ro for loads alone, rw for stores too") Stores access,
      RangeArguments part)
      throws MemoryException {
    try (RegionLookup.Lease lease = lookup().lease(id, AccessMode.READ_WRITE, backend)) {
      if (!lease.borrowed()) {
        throw UsageException.of(
            "%s is not open, and a protection ends with its region; 'open' it first",
            lease.label());
      }
      ByteRange range = part.in(lease);
      range
          .region()
          .protect(
              range.offset(),
              range.length(),
              access == Stores.RO ? AccessMode.READ_ONLY : AccessMode.READ_WRITE);
      return Message.of(
          access == Stores.RO
              ? "protected %s at %d of %s; segments handed out from now on are read-only"
              : "%s at %d of %s can be written",
          ByteSize.exact(range.length()),
          range.offset(),
          lease.label());
    }
  }
}
