/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists the stored regions. */
public final class StoredCommand extends Command {
  /**
   * A stored region in the list. Backends that share a store show the same file once.
   *
   * @param region the region as it lies in its store
   * @param backends who can open it
   */
  public record Row(StoredRegion region, List<String> backends) {}

  /** Makes the command. */
  public StoredCommand(Providers providers) {
    super("stored", providers);
  }

  /** Lists the named regions in the stores, open or not. */
  @Descriptor("lists the named regions in the stores, open or not")
  public @Nullable Object stored(
      CommandSession session,
      @Descriptor("BACKEND: only the store of one backend")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    List<Exception> refusals = new ArrayList<>();
    Map<Path, Row> rows = new LinkedHashMap<>();
    for (Backend each : asked(backend, refusals)) {
      try {
        for (StoredRegion region : each.stored()) {
          rows.computeIfAbsent(region.path(), path -> new Row(region, new ArrayList<>()))
              .backends()
              .add(providers().name(each));
        }
      } catch (ProviderFault | MemoryException e) {
        if (backend != null) {
          throw e;
        }
        refusals.add(e);
      }
    }
    List<String> failures =
        new ArrayList<>(refusals.stream().map(e -> String.valueOf(e.getMessage())).toList());
    if (backend == null) {
      providers().unseenStores().forEach(failed -> failures.add(failed.message()));
    }
    List<Row> list = List.copyOf(rows.values());
    Printable result =
        json
            ? new JsonResult(list)
            : new Listing<>(
                list,
                failures.isEmpty()
                    ? "no region is stored"
                    : "no region is stored where one could look",
                List.of("NAME", "SIZE", "STATE", "CREATED", "BACKENDS", "FILE"),
                StoredCommand::cells);
    if (failures.isEmpty()) {
      return result;
    }
    // A failed command has no result, so what was found is printed before it fails.
    console.print(result);
    failures.forEach(console::warn);
    throw new CommandFailure("stored: the list is not complete; see above", null);
  }

  private List<Backend> asked(@Nullable String backend, List<Exception> refusals) {
    if (backend == null) {
      return providers().with(Capability.NAMED, refusals::add);
    }
    return List.of(providers().chooseWithStore(backend));
  }

  private static String[] cells(Row row) {
    StoredRegion region = row.region();
    Instant created = region.createdAt();
    return new String[] {
      region.name(),
      region.byteSize() < 0 ? "?" : ByteSize.format(region.byteSize()),
      Words.of(region.state()) + (region.detail().isEmpty() ? "" : ": " + region.detail()),
      created == null ? "?" : created.truncatedTo(ChronoUnit.SECONDS).toString(),
      String.join(",", row.backends()),
      region.path().toString()
    };
  }
}
