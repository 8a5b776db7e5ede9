/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists, renames, deletes and checks stored regions. */
public final class StoreCommands extends CommandSet {
  public StoreCommands(Providers providers) {
    super(providers, "stored", "rename", "delete", "verify");
  }

  /**
   * A stored region in the list. Backends that share a store, and so can open it, show the same
   * file once.
   */
  public record StoredRow(StoredRegion region, List<String> backends) {
    private String size() {
      return known(region.byteSize());
    }

    private String length() {
      return known(region.length());
    }

    private static String known(long bytes) {
      return bytes < 0 ? "?" : ByteSize.format(bytes);
    }

    private String detail() {
      String detail = region.detail();
      return detail.isEmpty() ? "-" : detail.replaceFirst("^open ", ""); // as STATE says
    }

    private String snapshotOf() {
      SnapshotOrigin origin = region.snapshot();
      if (origin == null) {
        return "-";
      }
      String of = origin.region() == null ? "a region without a name" : origin.region();
      return of + ", " + origin.takenAt().truncatedTo(ChronoUnit.SECONDS);
    }

    private String created() {
      Instant created = region.createdAt();
      return created == null ? "?" : created.truncatedTo(ChronoUnit.SECONDS).toString();
    }
  }

  @Descriptor("lists the named regions in the stores, open or not")
  public Printable stored(
      CommandSession session,
      @Argument("-b, --backend BACKEND: only the store of one backend") @Nullable String backend,
      @Argument("-d, --directory DIR: those in a directory, in place of the backends' own")
          @Nullable String directory,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    Path elsewhere = console.resolveGiven(directory);
    Set<String> failures = new LinkedHashSet<>(); // of one directory all say the same
    Map<Path, StoredRow> byPath = new LinkedHashMap<>();
    for (Backend.Stored each :
        providers().stored(backend, elsewhere, e -> failures.add(String.valueOf(e.getMessage())))) {
      byPath
          .computeIfAbsent(
              each.region().path(), path -> new StoredRow(each.region(), new ArrayList<>()))
          .backends()
          .add(providers().name(each.backend()));
    }
    if (backend == null && elsewhere == null) {
      providers().unseenStores().forEach(failed -> failures.add(failed.message()));
    }
    List<StoredRow> rows = List.copyOf(byPath.values());
    String whenEmpty =
        failures.isEmpty()
            ? "no region is stored" + (elsewhere == null ? "" : " in " + elsewhere)
            : "no region is stored in the stores that could be read";
    Printable result =
        json ? new JsonResult(rows) : new Listing<>(rows, whenEmpty, columns(rows, checkpoints()));
    if (failures.isEmpty()) {
      return result;
    }
    console.print(result);
    failures.forEach(console::warn);
    throw new CommandFailure("stored: the list is not complete; see above", null);
  }

  /** Of what is open here, by file. */
  private Map<Path, CheckpointState> checkpoints() {
    Map<Path, CheckpointState> states = new LinkedHashMap<>();
    for (Backend.Open each : providers().regions(fault -> {})) { // 'regions' tells of faults
      Path file = each.info().path();
      if (file != null && CheckpointState.has(each.info())) {
        states.put(file, CheckpointState.of(each.region().checkpoints()));
      }
    }
    return states;
  }

  private static List<Table.Column<StoredRow>> columns(
      List<StoredRow> rows, Map<Path, CheckpointState> checkpoints) {
    List<Table.Column<StoredRow>> columns =
        new ArrayList<>(
            List.of(
                Table.column("NAME", row -> row.region.name()),
                Table.column("SIZE", StoredRow::size),
                Table.column("LENGTH", StoredRow::length),
                Table.column("STATE", row -> Words.of(row.region.state())),
                Table.column("CREATED", StoredRow::created),
                Table.column("BACKENDS", row -> String.join(",", row.backends)),
                Table.column("FILE", row -> row.region.path().toString())));
    if (rows.stream().anyMatch(row -> row.region.snapshot() != null)) {
      columns.add(columns.size() - 1, Table.column("SNAPSHOT OF", StoredRow::snapshotOf));
    }
    if (rows.stream().anyMatch(row -> checkpoints.containsKey(row.region.path()))) {
      columns.addAll(
          CheckpointState.columns(checkpoints.values(), row -> checkpoints.get(row.region.path())));
    }
    if (rows.stream().anyMatch(row -> !row.region.detail().isEmpty())) {
      columns.add(Table.column("DETAIL", StoredRow::detail)); // the longest, so the last
    }
    return columns;
  }

  @Descriptor("gives a stored region another name, also while it is open")
  @Affects(Effect.WRITE)
  public Message rename(
      CommandSession session,
      @Argument("NAME: its name, see 'stored'") Object name,
      @Argument("NEWNAME: the name that it is to have") String newName,
      @Argument(
              "-b, --backend BACKEND: the backend of the store; needed if two stores have the name")
          @Nullable String backend,
      @Argument("-d, --directory DIR: it is in this directory, in place of the backend's own")
          @Nullable String directory,
      @Argument(
              "--durable WHEN: when that is on the device: now, or force for the next 'flush"
                  + " --names'; default now, of an open region what it was opened with")
          AttributeOptions.@Nullable Durable durable)
      throws MemoryException {
    RegionNames.checkNew(newName);
    Path elsewhere = Console.of(session).resolveGiven(directory);
    Optional<MemoryRegion> open =
        lookup().ifOpen(name, backend).filter(region -> isIn(elsewhere, region));
    if (open.isPresent()) {
      String old = RegionLookup.label(open.get().info());
      if (durable != null) {
        throw UsageException.of(
            "rename: %s is open, and its names are durable as it was opened: %s; leave --durable"
                + " out",
            old, Words.of(AttributeOptions.Durable.of(open.get().info().nameDurability())));
      }
      open.get().rename(newName);
      return Message.of("renamed %s to %s", old, newName);
    }
    Backend.Stored found = lookup().stored(name.toString(), backend, elsewhere);
    found
        .backend()
        .rename(
            found.region().name(),
            newName,
            durable == null ? NameDurability.NOW : durable.durability(),
            elsewhere);
    return Message.of("renamed %s to %s", found.region().name(), newName);
  }

  private static boolean isIn(@Nullable Path directory, MemoryRegion region) {
    Path file = region.info().path();
    return directory == null || (file != null && directory.equals(file.getParent()));
  }

  @Descriptor("deletes stored regions for good; an open one only with --open")
  @Affects(Effect.DELETE)
  public Message delete(
      CommandSession session,
      @Argument("NAME…: names of stored regions, see 'stored'") List<Object> names,
      @Argument(
              "-b, --backend BACKEND: the backend of the store; needed if two stores have the name")
          @Nullable String backend,
      @Argument(
              "--open: also what is open: the name goes at once, the bytes when the last that has"
                  + " it open closes it")
          boolean open,
      @Argument("-d, --directory DIR: they are in this directory, in place of the backend's own")
          @Nullable String directory,
      @Argument(
              "--durable WHEN=now: when that is on the device: now, or force for the next 'flush"
                  + " --names'")
          AttributeOptions.Durable durable,
      @Argument("--wipe: overwrites their files with zeros, on the device, before they go")
          boolean wipe)
      throws MemoryException {
    if (wipe && open) {
      throw new UsageException(
          "delete: --open and --wipe exclude each other: what is open cannot be overwritten; free"
              + " it first");
    }
    Path elsewhere = Console.of(session).resolveGiven(directory);
    // All are resolved before the first deletion, so that a mistyped one prevents all.
    List<Backend.Stored> found = new ArrayList<>();
    for (Object name : names) {
      found.add(toDelete(name, backend, elsewhere));
    }
    if (!open) {
      found.forEach(StoreCommands::requireClosed);
    }
    Deletion how = new Deletion(open, durable.durability(), elsewhere, wipe);
    for (Backend.Stored each : found) {
      each.backend().delete(each.region().name(), how);
    }
    return Message.of(
        (wipe ? "overwrote and deleted " : "deleted ")
            + String.join(", ", found.stream().map(s -> s.region().name()).toList()));
  }

  private static void requireClosed(Backend.Stored stored) {
    StoredRegion region = stored.region();
    if (region.state() == StoredRegion.State.OPEN) {
      throw UsageException.of(
          "delete: %s is %s; free it there first, or give --open: then its name goes at once, and"
              + " its bytes when it is closed",
          region.name(), region.detail().isEmpty() ? "open" : region.detail());
    }
  }

  /**
   * The stored region of that name. Other commands mean the open one by it: if that lies in another
   * directory, the caller has to say which of the two is to go.
   */
  private Backend.Stored toDelete(Object name, @Nullable String backend, @Nullable Path elsewhere)
      throws MemoryException {
    Path file = lookup().ifOpen(name, backend).map(region -> region.info().path()).orElse(null);
    Path openIn = elsewhere == null && file != null ? file.getParent() : null;
    if (openIn == null) {
      return lookup().stored(name.toString(), backend, elsewhere);
    }
    Optional<Backend.Stored> found = Optional.empty();
    try {
      found = Optional.of(lookup().stored(name.toString(), backend, null));
    } catch (UsageException e) {
      // Not in the backends' own stores.
    }
    if (found.isPresent() && openIn.equals(found.get().region().path().getParent())) {
      return found.get();
    }
    throw UsageException.of(
        "'%s' is open in %s%s; say which by --directory",
        name,
        openIn,
        found
            .map(other -> ", and another is stored in " + other.region().path().getParent())
            .orElse(""));
  }

  /**
   * A finding in the list about a subject. Backends that share a store find the same, which is
   * shown once, with their names separated by commas.
   */
  public record FindingRow(
      String backend, StoreFinding.Severity severity, String subject, String message) {}

  @Descriptor("checks the stores and their file systems; changes nothing; fails if data is damaged")
  public Printable verify(
      CommandSession session,
      @Argument("-b, --backend BACKEND: only the store of one backend") @Nullable String backend,
      @Argument("--json: as JSON") boolean json)
      throws CommandFailure {
    List<Backend> asked =
        backend == null ? providers().all() : List.of(providers().choose(backend));
    Map<StoreFinding, List<String>> findings = new LinkedHashMap<>();
    for (Backend each : asked) {
      String name = providers().name(each);
      for (StoreFinding finding : findings(each, name)) {
        findings.computeIfAbsent(finding, f -> new ArrayList<>()).add(name);
      }
    }
    if (backend == null) {
      for (Providers.FailedStart failed : providers().unseenStores()) {
        findings
            .computeIfAbsent(error(failed.backend(), failed.message()), f -> new ArrayList<>())
            .add(failed.backend());
      }
    }
    findings.putAll(DoubleNames.in(providers(), asked));
    List<FindingRow> rows = new ArrayList<>();
    findings.forEach(
        (f, backends) ->
            rows.add(
                new FindingRow(
                    String.join(",", backends), f.severity(), f.subject(), f.message())));
    Printable result =
        json
            ? new JsonResult(rows)
            : new Listing<>(
                rows,
                "no backend here has a store",
                List.of(
                    Table.column("RESULT", row -> row.severity.name()),
                    Table.column("BACKEND", FindingRow::backend),
                    Table.column("SUBJECT", FindingRow::subject),
                    Table.column("FINDING", FindingRow::message)));
    long errors = rows.stream().filter(r -> r.severity() == StoreFinding.Severity.ERROR).count();
    if (errors == 0) {
      return result;
    }
    Console.of(session).print(result);
    throw CommandFailure.because(
        null, "verify: %d of %d checks failed; see RESULT ERROR above", errors, rows.size());
  }

  /** A store that could not be checked is not sound. */
  private static List<StoreFinding> findings(Backend backend, String name) {
    try {
      return backend.verify();
    } catch (ProviderFault e) {
      return List.of(error(name, e.reason()));
    } catch (MemoryException e) {
      return List.of(error(name, String.valueOf(e.getMessage())));
    }
  }

  private static StoreFinding error(String backend, String message) {
    return new StoreFinding(StoreFinding.Severity.ERROR, "backend " + backend, message);
  }
}
