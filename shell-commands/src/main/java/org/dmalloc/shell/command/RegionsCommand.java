/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.shell.output.Json;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists the open regions. */
public final class RegionsCommand extends Command {
  /** Makes the command. */
  public RegionsCommand(Providers providers) {
    super("regions", providers);
  }

  /** Lists the open regions. */
  @Descriptor("lists the open regions")
  public Object regions(
      @Descriptor("BACKEND: only those of one backend")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json) {
    List<MemoryRegion> regions =
        backend == null ? providers().regions() : providers().choose(backend).regions();
    List<RegionInfo> infos = regions.stream().map(MemoryRegion::info).toList();
    if (json) {
      return new Json(infos);
    }
    return new Listing<>(
        infos,
        "no region is open",
        List.of("ID", "NAME", "BACKEND", "SIZE", "SHARING", "ACCESS", "PATTERN", "OWNER"),
        RegionsCommand::cells);
  }

  private static String[] cells(RegionInfo info) {
    String name = info.name();
    String owner = info.owner();
    return new String[] {
      Long.toString(info.id()),
      name == null ? "-" : name,
      info.backend(),
      ByteSize.format(info.byteSize()),
      Words.of(info.sharing()),
      info.access() == AccessMode.READ_ONLY ? "ro" : "rw",
      Words.of(info.pattern()),
      owner == null ? "-" : owner
    };
  }
}
