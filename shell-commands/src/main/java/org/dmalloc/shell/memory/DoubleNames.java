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
import java.util.function.Function;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.ProviderFault;

/** Names that stand in two stores: each file may be the one that is meant. */
final class DoubleNames {
  private DoubleNames() {}

  /** A file, and the backends that can open it. */
  private record Place(Path path, List<String> backends) {}

  /** The findings, with the backends whose stores have the name. */
  static Map<StoreFinding, List<String>> in(
      List<Backend> backends, Function<Backend, String> called) {
    Map<String, Map<String, Place>> byName = new TreeMap<>();
    for (Backend backend : backends) {
      for (StoredRegion stored : stored(backend)) {
        byName
            .computeIfAbsent(stored.name(), name -> new LinkedHashMap<>())
            .computeIfAbsent(
                fileKey(stored.path()), key -> new Place(stored.path(), new ArrayList<>()))
            .backends()
            .add(called.apply(backend));
      }
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

  /** What a backend's store has; nothing if it cannot say, which its own findings tell. */
  private static List<StoredRegion> stored(Backend backend) {
    try {
      return backend.can(Capability.NAMED) ? backend.stored() : List.of();
    } catch (ProviderFault | MemoryException e) {
      return List.of();
    }
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
