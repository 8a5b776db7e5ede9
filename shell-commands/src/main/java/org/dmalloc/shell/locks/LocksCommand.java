/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.locks;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.report.Table;
import org.dmalloc.shared.LockState;
import org.dmalloc.shared.SharedMemoryService;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Lists the locks in a region. */
public final class LocksCommand extends CommandSet {
  /** Where locks are looked for unless a range is given: each page there is read. */
  private static final long USUAL_BYTES = 1L << 20;

  private final SharedMemoryService locks;

  LocksCommand(Providers providers, SharedMemoryService locks) {
    super(providers, "locks");
    this.locks = locks;
  }

  @Descriptor(
      "lists the locks in a shared region: who has them, who waits, which an owner has died with")
  public Printable locks(
      @Argument("ID: id or name of the region, opened with --process-shared") Object id,
      @Argument("-b, --backend BACKEND: the backend of the region, if several have one of the name")
          @Nullable String backend,
      @Argument("--offset OFFSET: where to begin looking; default 0") @Nullable ByteSize offset,
      @Argument("--length LENGTH: how far to look; default 1m") @Nullable ByteSize length,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    try (RegionLookup.Lease lease = lookup().lease(id, AccessMode.READ_ONLY, backend)) {
      if (lease.region().members().isEmpty()) {
        throw UsageException.of(
            "%s is not open here as process-shared, so nobody tells whose locks are alive; free it"
                + " and open it with --process-shared",
            lease.label());
      }
      long start = offset == null ? 0 : offset.bytes();
      long there = lease.region().byteSize() - start;
      if (there <= 0) {
        throw UsageException.of(
            "offset %d is beyond the end of %s, which has %d bytes",
            start, lease.label(), lease.region().byteSize());
      }
      long bytes = Math.min(there, length == null ? USUAL_BYTES : length.bytes());
      List<LockState> found = locks.locks(lease.region(), start, bytes);
      if (json) {
        return new JsonResult(found);
      }
      String rest = bytes < there ? "; look further with --offset and --length" : "";
      return new Listing<>(
          found,
          String.format(
              Locale.ROOT,
              "no lock in %s at %d of %s%s",
              ByteSize.format(bytes),
              start,
              lease.label(),
              rest),
          List.of(
              Table.column("OFFSET", lock -> Long.toString(lock.offset())),
              Table.column("KIND", LocksCommand::kind),
              Table.column("OWNER", LocksCommand::owner),
              Table.column("READERS", LocksCommand::readers),
              Table.column("WAITERS", LocksCommand::waiters),
              Table.column("DEATHS", lock -> Long.toString(lock.recoveries())),
              Table.column("STATE", lock -> lock.inconsistent() ? "inconsistent" : "consistent")));
    }
  }

  private static String kind(LockState lock) {
    return switch (lock.kind()) {
      case LOCK -> "lock";
      case READ_WRITE_LOCK -> "read/write";
      case PRODUCERS -> "ring producers";
      case CONSUMERS -> "ring consumers";
    };
  }

  private static String owner(LockState lock) {
    LockState.Owner owner = lock.owner();
    return owner == null
        ? "-"
        : String.format(
            Locale.ROOT,
            "%s thread %d%s",
            member(owner.member()),
            owner.thread(),
            owner.entering() ? ", waits for readers" : "");
  }

  private static String readers(LockState lock) {
    return listed(
        lock.readers().stream()
            .map(
                reader ->
                    String.format(Locale.ROOT, "%d of %s", reader.count(), member(reader.member())))
            .toList());
  }

  private static String waiters(LockState lock) {
    return listed(
        lock.waiters().stream()
            .map(
                waiter ->
                    String.format(
                        Locale.ROOT,
                        "%s%s%s",
                        member(waiter.member()),
                        lock.kind() != LockState.Kind.READ_WRITE_LOCK
                            ? ""
                            : waiter.writing() ? " to write" : " to read",
                        waiter.starving() ? ", in turn" : ""))
            .toList());
  }

  private static String listed(List<String> words) {
    return words.isEmpty() ? "-" : words.stream().collect(Collectors.joining("; "));
  }

  /** The process as it said itself, and what the kernel says of its life. */
  private static String member(LockState.Member member) {
    String process = member.pid() == 0 ? "member " + member.member() : "process " + member.pid();
    return member.alive() ? process : process + " (dead)";
  }
}
