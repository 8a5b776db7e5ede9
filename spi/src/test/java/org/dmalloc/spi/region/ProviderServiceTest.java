/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.ProviderStatistics;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

class ProviderServiceTest {
  private final List<String> calls = new ArrayList<>();
  private final List<Dictionary<?, ?>> registered = new ArrayList<>();

  private final MemoryProvider provider =
      fake(
          MemoryProvider.class,
          (proxy, method, arguments) ->
              switch (method.getName()) {
                case "name" -> "mine";
                case "capabilities" -> EnumSet.of(Capability.NAMED, Capability.FORCE);
                case "statistics" -> new ProviderStatistics(0, 0, 1, 0, 0, 0);
                default -> throw new AssertionError(method);
              });
  private final BundleContext context =
      fake(
          BundleContext.class,
          (proxy, method, arguments) -> {
            if (method.getName().equals("getProperty")) {
              return null; // of the framework: none is set
            }
            calls.add(method.getName());
            registered.add((Dictionary<?, ?>) arguments[2]);
            return fake(
                ServiceRegistration.class,
                (registration, called, none) -> {
                  calls.add(called.getName());
                  return null;
                });
          });

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  @Test
  void theServiceTellsWhatTheProviderFoundAndNotWhatTheDescriptionHoped() {
    new ProviderService(provider, () -> {})
        .register(
            context,
            Map.of(
                MemoryProvider.BACKEND,
                "described",
                MemoryProvider.CAPABILITY,
                new String[] {"NAMED", "DIRTY_TRACKING"},
                "service.ranking",
                7,
                ".password",
                "secret"));
    Dictionary<?, ?> told = registered.getFirst();
    assertEquals("mine", told.get(MemoryProvider.BACKEND));
    assertArrayEquals(
        new String[] {"NAMED", "FORCE"}, (String[]) told.get(MemoryProvider.CAPABILITY));
    assertEquals(7, told.get("service.ranking"));
    assertNull(told.get(".password"));
  }

  @Test
  void theServiceGoesBeforeTheProviderStops() {
    ProviderService service = new ProviderService(provider, () -> calls.add("stop"));
    service.register(context, Map.of());
    service.end(context);
    assertEquals(List.of("registerService", "unregister", "stop"), calls);
  }

  @Test
  void aProviderThatWasNeverRegisteredStopsAllTheSame() {
    new ProviderService(provider, () -> calls.add("stop")).end(context);
    assertEquals(List.of("stop"), calls);
  }
}
