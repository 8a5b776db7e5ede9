/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.standalone;

import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.dmalloc.api.MemoryProvider;

/**
 * Makes providers of one kind.
 *
 * @param <P> the class of the providers
 * @param name the kind, which is also the {@linkplain MemoryProvider#name() name} of a provider
 *     that is given no other, such as {@code panama}
 * @param type the class of the providers
 * @param ranking the {@code service.ranking} of a provider whose settings have none
 * @param keys the settings that it reads
 * @param start makes a provider from settings, which have its name under {@value
 *     MemoryProvider#BACKEND}. It throws an {@link IllegalArgumentException} for a bad value, and
 *     an {@link UnsupportedOperationException} on a system that the backend does not work on
 * @param stop refuses new calls from then on; open regions stay usable until their owners close
 *     them
 */
public record MemoryProviderFactory<P extends MemoryProvider>(
    String name,
    Class<P> type,
    int ranking,
    Set<String> keys,
    Function<Map<String, ?>, P> start,
    Consumer<P> stop) {
  public MemoryProviderFactory {
    keys = Set.copyOf(keys);
  }
}
