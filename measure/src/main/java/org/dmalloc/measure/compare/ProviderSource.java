/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Capability;

/**
 * A provider as a child JVM starts it.
 *
 * @param kind its name in {@link org.dmalloc.api.standalone.Dmalloc}; empty if it has none
 * @param unavailable why a child JVM cannot have it; empty if it can
 * @param classPath jars and directories with its class and dependencies
 * @param properties its configuration, by {@link org.dmalloc.measure.compare.child.TypedText}
 */
public record ProviderSource(
    String name,
    String kind,
    String unavailable,
    List<Path> classPath,
    Map<String, List<String>> properties,
    Set<Capability> capabilities) {
  /** The source of contenders without a provider. */
  static final ProviderSource NONE = new ProviderSource("", "", "", List.of(), Map.of(), Set.of());

  public ProviderSource {
    classPath = List.copyOf(classPath);
    properties = Map.copyOf(properties);
    capabilities = Set.copyOf(capabilities);
  }

  /** FILE for a provider that can write to a file, else SWAP. */
  public Family family() {
    return capabilities.contains(Capability.FORCE) ? Family.FILE : Family.SWAP;
  }
}
