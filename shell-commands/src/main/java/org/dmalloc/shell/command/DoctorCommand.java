/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.shell.output.Message;
import org.dmalloc.workloads.doctor.Doctor;
import org.dmalloc.workloads.doctor.DoctorReport;

/** Tells what this machine's settings will do. */
public final class DoctorCommand extends Command {
  /** Makes the command. */
  public DoctorCommand(Providers providers) {
    super("doctor", providers);
  }

  /** Tells what this machine's settings will do, and the commands that change them. */
  @Descriptor(
      "tells what this machine's settings will do to you, and how to mend them; changes nothing")
  public Message doctor(
      CommandSession session,
      @Descriptor("[DIR…]: directories to look at; without them those of the stores")
          List<Object> directories,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json) {
    Console console = Console.of(session);
    List<Path> given = directories.stream().map(d -> console.resolve(d.toString())).toList();
    DoctorReport report =
        new Doctor().examine(given.isEmpty() ? List.copyOf(stores(session)) : given);
    return new Message((json ? report.json() : report.text()).stripTrailing());
  }

  /** The providers do not tell their directories; their regions and their own checks do. */
  private Set<Path> stores(CommandSession session) {
    Set<Path> stores = new LinkedHashSet<>();
    for (Backend backend : providers().with(Capability.NAMED, warn(session))) {
      try {
        addStores(backend, stores);
      } catch (ProviderFault | MemoryException e) {
        Console.of(session).warn(String.valueOf(e.getMessage()));
      }
    }
    return stores;
  }

  private static void addStores(Backend backend, Set<Path> stores) throws MemoryException {
    for (StoredRegion region : backend.stored()) {
      Path parent = region.path().getParent();
      if (parent != null) {
        stores.add(parent);
      }
    }
    if (!stores.isEmpty()) {
      return;
    }
    for (StoreFinding finding : backend.verify()) {
      if (finding.subject().startsWith("/") && Files.isDirectory(Path.of(finding.subject()))) {
        stores.add(Path.of(finding.subject()));
      }
    }
  }
}
