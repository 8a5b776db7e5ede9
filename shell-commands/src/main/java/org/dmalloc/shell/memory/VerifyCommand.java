/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Printable;
import org.jspecify.annotations.Nullable;

/** Checks the stores. */
public final class VerifyCommand extends Command {
  /**
   * A finding in the list. Backends that share a store find the same, which is shown once.
   *
   * @param backend whose store was checked; of several, separated by commas
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
            .computeIfAbsent(
                new StoreFinding(
                    StoreFinding.Severity.ERROR, "backend " + failed.backend(), failed.message()),
                f -> new ArrayList<>())
            .add(failed.backend());
      }
    }
    findings.putAll(DoubleNames.in(asked, providers()::name));
    List<Row> rows = new ArrayList<>();
    findings.forEach(
        (f, backends) ->
            rows.add(new Row(String.join(",", backends), f.severity(), f.subject(), f.message())));
    Printable result =
        json
            ? new JsonResult(rows)
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

  /** What was not looked at is not sound. */
  private static List<StoreFinding> findings(Backend backend, String name) {
    String reason;
    try {
      return backend.verify();
    } catch (ProviderFault e) {
      reason = e.reason();
    } catch (MemoryException e) {
      reason = String.valueOf(e.getMessage());
    }
    return List.of(new StoreFinding(StoreFinding.Severity.ERROR, "backend " + name, reason));
  }
}
