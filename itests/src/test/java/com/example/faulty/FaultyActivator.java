/* SPDX-License-Identifier: Apache-2.0 */
package com.example.faulty;

import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;

/**
 * Registers one provider for each fault: those that fail always as the best of all and without a
 * name, so that they are asked first and cannot be known otherwise, the rest as the last.
 */
public final class FaultyActivator implements BundleActivator {
  @Override
  public void start(BundleContext context) {
    for (FaultyProvider.Fault fault : FaultyProvider.Fault.values()) {
      Map<String, Object> named = Map.of(MemoryProvider.BACKEND, fault.backend());
      Map<String, Object> service =
          fault.always()
              ? Map.of(Constants.SERVICE_RANKING, Integer.MAX_VALUE)
              : Map.of(
                  MemoryProvider.BACKEND,
                  fault.backend(),
                  Constants.SERVICE_RANKING,
                  Integer.MIN_VALUE);
      context.registerService(
          MemoryProvider.class, new FaultyProvider(named), FrameworkUtil.asDictionary(service));
    }
  }

  @Override
  public void stop(BundleContext context) {
    // The framework withdraws the services.
  }
}
