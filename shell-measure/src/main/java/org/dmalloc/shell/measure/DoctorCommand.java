/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
import org.dmalloc.measure.doctor.Doctor;
import org.dmalloc.measure.doctor.DoctorReport;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;

/** Tells what this machine's settings mean for regions. */
public final class DoctorCommand extends Command {
  /** Makes the command. */
  public DoctorCommand(Providers providers) {
    super("doctor", providers);
  }

  /** Tells what this machine's settings mean for regions, and the commands that change them. */
  @Descriptor(
      "tells what this machine's settings mean for regions, and how to change them; changes"
          + " nothing")
  public Message doctor(
      CommandSession session,
      @Descriptor("[DIR…]: directories to look at; without them those of the stores")
          List<Object> directories,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json)
      throws IOException {
    Console console = Console.of(session);
    List<Path> given = new ArrayList<>();
    for (Object directory : directories) {
      given.add(console.existingDirectory(directory.toString()));
    }
    DoctorReport report = Doctor.examine(given.isEmpty() ? List.copyOf(stores(session)) : given);
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
