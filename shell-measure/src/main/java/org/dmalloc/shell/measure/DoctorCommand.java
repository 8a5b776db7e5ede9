/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.measure.doctor.Doctor;
import org.dmalloc.measure.doctor.DoctorReport;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;

/** Shows what this machine's settings mean for regions. */
public final class DoctorCommand extends CommandSet {
  public DoctorCommand(Providers providers) {
    super(providers, "doctor");
  }

  @Descriptor(
      "tells what this machine's settings mean for regions, and how to change them; changes"
          + " nothing")
  public Message doctor(
      CommandSession session,
      @Argument("[DIR…]: directories to check; default those of the stores")
          List<Object> directories,
      @Argument("--json: as JSON") boolean json)
      throws IOException {
    Console console = Console.of(session);
    List<Path> given = new ArrayList<>();
    for (Object directory : directories) {
      given.add(console.existingDirectory(directory.toString()));
    }
    DoctorReport report = Doctor.examine(given.isEmpty() ? List.copyOf(stores(session)) : given);
    return new Message((json ? report.json() : report.text()).stripTrailing());
  }

  /** Providers do not give their directories; their stored regions and verify findings do. */
  private Set<Path> stores(CommandSession session) {
    Set<Path> stores = new LinkedHashSet<>();
    for (Backend backend : providers().with(Capability.NAMED, warn(session))) {
      try {
        stores.addAll(stores(backend));
      } catch (ProviderFault | MemoryException e) {
        warn(session).accept(e);
      }
    }
    return stores;
  }

  private static Set<Path> stores(Backend backend) throws MemoryException {
    Set<Path> stores = new LinkedHashSet<>();
    backend.stored().stream()
        .map(region -> region.path().getParent())
        .filter(Objects::nonNull)
        .forEach(stores::add);
    if (stores.isEmpty()) {
      backend.verify().stream()
          .filter(finding -> finding.subject().startsWith("/"))
          .map(finding -> Path.of(finding.subject()))
          .filter(Files::isDirectory)
          .forEach(stores::add);
    }
    return stores;
  }
}
