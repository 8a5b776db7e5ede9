/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.shell.output.Json;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Printable;
import org.jspecify.annotations.Nullable;

/** Checks the stores. */
public final class VerifyCommand extends Command {
  /**
   * A finding in the list.
   *
   * @param backend whose store was checked
   * @param severity how bad it is
   * @param subject what was checked
   * @param message what was found
   */
  public record Row(
      String backend, StoreFinding.Severity severity, String subject, String message) {}

  /** Makes the command. */
  public VerifyCommand(Providers providers) {
    super("verify", providers);
  }

  /** Checks the stores and the file systems below them; changes nothing. */
  @Descriptor("checks the stores and their file systems; changes nothing; fails if data is damaged")
  public @Nullable Object verify(
      CommandSession session,
      @Descriptor("BACKEND: only the store of one backend")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json)
      throws CommandFailure {
    List<Backend> asked =
        backend == null ? providers().all() : List.of(providers().choose(backend));
    List<Row> rows = new ArrayList<>();
    for (Backend each : asked) {
      String name = providers().name(each);
      try {
        for (StoreFinding f : each.verify()) {
          rows.add(new Row(name, f.severity(), f.subject(), f.message()));
        }
      } catch (ProviderFault e) {
        // What was not looked at is not sound.
        rows.add(new Row(name, StoreFinding.Severity.ERROR, "backend " + name, e.reason()));
      } catch (MemoryException e) {
        rows.add(
            new Row(
                name,
                StoreFinding.Severity.ERROR,
                "backend " + name,
                String.valueOf(e.getMessage())));
      }
    }
    Printable result =
        json
            ? new Json(rows)
            : new Listing<>(
                rows,
                "no backend here has a store",
                List.of("RESULT", "BACKEND", "SUBJECT", "FINDING"),
                r -> new String[] {r.severity().name(), r.backend(), r.subject(), r.message()});
    long errors = rows.stream().filter(r -> r.severity() == StoreFinding.Severity.ERROR).count();
    if (errors == 0) {
      return result;
    }
    // A failed command has no result, so the findings are printed before it fails.
    Console.of(session).print(result);
    throw new CommandFailure(
        String.format(
            Locale.ROOT,
            "verify: %d of %d checks failed; see RESULT ERROR above",
            errors,
            rows.size()),
        null);
  }
}
