/* SPDX-License-Identifier: Apache-2.0 */
package com.example.arena;

import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** Registers the provider. */
public final class ArenaActivator implements BundleActivator {
  private @Nullable ArenaProvider provider;

  @Override
  public void start(BundleContext context) {
    Map<String, Object> settings =
        Map.of(MemoryProvider.BACKEND, ArenaProvider.NAME, "alignment", 4096L);
    ArenaProvider started = new ArenaProvider(settings);
    provider = started;
    context.registerService(MemoryProvider.class, started, FrameworkUtil.asDictionary(settings));
  }

  @Override
  public void stop(BundleContext context) {
    // The framework withdraws the service.
    ArenaProvider started = provider;
    if (started != null) {
      started.stop();
    }
  }
}
