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
 * @param kind what {@link org.dmalloc.api.standalone.Dmalloc} starts it as; empty if it cannot
 * @param unavailable why a child JVM cannot have it; empty if it can
 * @param classPath jars and directories with its class and what that needs
 * @param properties its configuration, as {@link org.dmalloc.measure.compare.child.TypedText}
 *     writes it
 */
public record ProviderSource(
    String name,
    String kind,
    String unavailable,
    List<Path> classPath,
    Map<String, List<String>> properties,
    Set<Capability> capabilities) {
  /** That of contenders without a provider. */
  static final ProviderSource NONE = new ProviderSource("", "", "", List.of(), Map.of(), Set.of());

  public ProviderSource {
    classPath = List.copyOf(classPath);
    properties = Map.copyOf(properties);
    capabilities = Set.copyOf(capabilities);
  }

  /** What holds its bytes: a provider that can write to a file has one. */
  public Family family() {
    return capabilities.contains(Capability.FORCE) ? Family.FILE : Family.SWAP;
  }
}
