/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;

/**
 * Where a child JVM gets a provider from.
 *
 * @param name the provider's name
 * @param kind what {@link org.dmalloc.api.standalone.Dmalloc} starts it as; empty if it cannot
 * @param refusal why it cannot be had in a child JVM; empty if it can
 * @param classPath jars and directories with its class and what that needs
 * @param properties its configuration, as {@link org.dmalloc.measure.compare.child.TypedText}
 *     writes it
 * @param capabilities what it can do
 * @param advice the advice that its regions take
 */
public record ProviderSource(
    String name,
    String kind,
    String refusal,
    List<Path> classPath,
    Map<String, List<String>> properties,
    Set<Capability> capabilities,
    Set<Advice> advice) {
  /** Copies the collections. */
  public ProviderSource {
    classPath = List.copyOf(classPath);
    properties = Map.copyOf(properties);
    capabilities = Set.copyOf(capabilities);
    advice = Set.copyOf(advice);
  }

  /** What holds its bytes: a provider that can write to a file has one. */
  public Family family() {
    return capabilities.contains(Capability.FORCE) ? Family.FILE : Family.SWAP;
  }
}
