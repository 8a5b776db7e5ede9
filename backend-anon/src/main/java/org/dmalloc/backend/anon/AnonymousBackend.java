/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.List;
import java.util.function.Function;
import org.dmalloc.api.standalone.MemoryProviderFactory;
import org.dmalloc.api.standalone.StandaloneBackend;

/** The backend for programs without OSGi. */
public final class AnonymousBackend implements StandaloneBackend {
  /** Made by {@link java.util.ServiceLoader}. */
  public AnonymousBackend() {}

  @Override
  public List<MemoryProviderFactory<?>> factories() {
    return List.of(
        factory(
            PrivateMemoryProvider.NAME,
            PrivateMemoryProvider.PID,
            PrivateMemoryProvider.class,
            PrivateMemoryProvider.RANKING,
            PrivateMemoryProvider::new),
        factory(
            MemfdProvider.NAME,
            MemfdProvider.PID,
            MemfdProvider.class,
            MemfdProvider.RANKING,
            MemfdProvider::new),
        factory(
            ZeroDeviceProvider.NAME,
            ZeroDeviceProvider.PID,
            ZeroDeviceProvider.class,
            ZeroDeviceProvider.RANKING,
            ZeroDeviceProvider::new));
  }

  private static <P extends AnonymousProvider> MemoryProviderFactory<P> factory(
      String name,
      String pid,
      Class<P> type,
      int ranking,
      Function<AnonymousSettings, P> provider) {
    return new MemoryProviderFactory<>(
        name,
        type,
        ranking,
        AnonymousSettings.KEYS,
        settings -> provider.apply(AnonymousSettings.of(pid, settings)),
        AnonymousProvider::stop);
  }
}
