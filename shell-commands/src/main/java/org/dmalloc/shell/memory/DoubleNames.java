/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dmalloc.api.Capability;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Providers;

/** Names in two stores: the user may mean either file. */
final class DoubleNames {
  private DoubleNames() {}

  private record Place(Path path, List<String> backends) {}

  /** Findings for the names that are in several stores, with the backends of those. */
  static Map<StoreFinding, List<String>> in(Providers providers, List<Backend> backends) {
    List<Backend> able = backends.stream().filter(b -> b.can(Capability.NAMED)).toList();
    Map<String, Map<String, Place>> byName = new TreeMap<>();
    // The backend's own findings report a store that cannot be read.
    for (Backend.Stored each : providers.stored(able, refused -> {})) {
      Path path = each.region().path();
      byName
          .computeIfAbsent(each.region().name(), name -> new LinkedHashMap<>())
          .computeIfAbsent(fileKey(path), key -> new Place(path, new ArrayList<>()))
          .backends()
          .add(providers.name(each.backend()));
    }
    Map<StoreFinding, List<String>> findings = new LinkedHashMap<>();
    byName.forEach(
        (name, places) -> {
          if (places.size() > 1) {
            List<String> having =
                places.values().stream().flatMap(p -> p.backends().stream()).distinct().toList();
            findings.put(finding(name, List.copyOf(places.values())), having);
          }
        });
    return findings;
  }

  private static StoreFinding finding(String name, List<Place> places) {
    String paths = String.join(", ", places.stream().map(p -> p.path().toString()).toList());
    return new StoreFinding(
        StoreFinding.Severity.WARNING,
        "region " + name,
        "stands in "
            + places.size()
            + " stores: "
            + paths
            + "; say by -b which one is meant, and delete or rename the others");
  }

  /** One directory by two paths is one store. */
  private static String fileKey(Path path) {
    try {
      Object key =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
              .fileKey();
      return key == null ? path.toRealPath().toString() : key.toString();
    } catch (IOException e) {
      return path.toAbsolutePath().normalize().toString();
    }
  }
}
