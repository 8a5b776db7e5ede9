/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.MemoryProvider;
import org.osgi.framework.BundleContext;

/**
 * Makes a provider from its class, as Declarative Services did in the container: by a public
 * constructor. Its parameters may be a map, which is the component's properties, and a {@link
 * BundleContext}, which knows the system's properties and nothing else.
 */
public final class ProviderFactory {
  /** By name: the class of a bundle is another one than that of this class's loader. */
  private static final String CONTEXT = "org.osgi.framework.BundleContext";

  private ProviderFactory() {}

  /** The constructor that would be used; empty if a child JVM cannot make this class. */
  public static Optional<Constructor<?>> constructorOf(Class<?> type) {
    return Arrays.stream(type.getConstructors())
        .filter(
            c ->
                Arrays.stream(c.getParameterTypes())
                    .allMatch(p -> p == Map.class || p.getName().equals(CONTEXT)))
        .max(Comparator.comparingInt(Constructor::getParameterCount));
  }

  /**
   * Makes one.
   *
   * @param properties its configuration, as {@link TypedText} writes it
   * @throws IOException if the class is missing, has no fitting constructor, or refuses
   */
  public static MemoryProvider create(String className, Map<String, List<String>> properties)
      throws IOException {
    Map<String, Object> values = new HashMap<>();
    properties.forEach((key, texts) -> values.put(key, TypedText.value(texts)));
    try {
      Constructor<?> constructor =
          constructorOf(Class.forName(className))
              .orElseThrow(
                  () ->
                      new IOException(
                          String.format(
                              Locale.ROOT, "provider %s: no fitting constructor", className)));
      Object[] arguments = new Object[constructor.getParameterCount()];
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = constructor.getParameterTypes()[i] == Map.class ? values : context();
      }
      return (MemoryProvider) constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      throw new IOException(
          String.format(Locale.ROOT, "provider %s: %s", className, e.getCause()), e);
    } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
      throw new IOException(String.format(Locale.ROOT, "provider %s: %s", className, e), e);
    }
  }

  private static BundleContext context() {
    return (BundleContext)
        Proxy.newProxyInstance(
            ProviderFactory.class.getClassLoader(),
            new Class<?>[] {BundleContext.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("getProperty") && arguments != null) {
                return System.getProperty((String) arguments[0]);
              }
              throw new UnsupportedOperationException(
                  method.getName() + ": a child JVM has no framework");
            });
  }
}
