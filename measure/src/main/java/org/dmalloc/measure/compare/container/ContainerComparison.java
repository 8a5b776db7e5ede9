/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.container;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.LongFunction;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.standalone.MemoryProviderFactory;
import org.dmalloc.api.standalone.StandaloneBackend;
import org.dmalloc.measure.compare.Comparison;
import org.dmalloc.measure.compare.ComparisonPlan;
import org.dmalloc.measure.compare.ComparisonReport;
import org.dmalloc.measure.compare.ProviderSource;
import org.dmalloc.measure.compare.child.ContenderSubject;
import org.dmalloc.measure.compare.child.TypedText;
import org.dmalloc.measure.container.BundleJars;
import org.dmalloc.measure.report.MeasurementListener;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * A comparison of all providers of a container.
 *
 * <p>Any provider takes part that programs without OSGi can have, also one of a foreign bundle. A
 * child JVM gets the contents of its bundle and of the bundles wired to it as class path. It starts
 * the provider by the bundle's {@link StandaloneBackend} with the properties of its service. A
 * provider of a class that no backend there makes is reported as not compared.
 */
public final class ContainerComparison {
  private static final String MANAGED = "managed";

  /** Properties that the container sets and that belong to no configuration. */
  private static final Set<String> CONTAINERS_OWN =
      Set.of(
          Constants.OBJECTCLASS,
          Constants.SERVICE_ID,
          Constants.SERVICE_BUNDLEID,
          Constants.SERVICE_SCOPE,
          Constants.SERVICE_PID,
          "component.id",
          MemoryProvider.CAPABILITY);

  private final BundleContext context;
  private final LongFunction<? extends Optional<? extends MemoryProvider>> asked;
  private final BundleJars jars;

  private ContainerComparison(
      BundleContext context, LongFunction<? extends Optional<? extends MemoryProvider>> asked) {
    this.context = context;
    this.asked = asked;
    jars = new BundleJars(context.getDataFile("compare").toPath());
  }

  /**
   * Runs a plan over the current providers of the container; see {@link Comparison#run}.
   *
   * @param context of the calling bundle, in whose data area the contents of bundles are unpacked
   * @param asked finds a provider by the number of its service and shields the caller from its
   *     faults
   */
  public static ComparisonReport run(
      BundleContext context,
      LongFunction<? extends Optional<? extends MemoryProvider>> asked,
      ComparisonPlan plan,
      MeasurementListener listener)
      throws IOException, InterruptedException {
    ContainerComparison container = new ContainerComparison(context, asked);
    return new Comparison(plan, container.providers(), container.ownClassPath(), listener).run();
  }

  private List<Path> ownClassPath() throws IOException {
    Bundle own = FrameworkUtil.getBundle(ContenderSubject.class);
    if (own == null) {
      throw new IllegalStateException("not in a bundle");
    }
    return jars.of(own);
  }

  /** All providers, the highest ranking first. */
  private List<ProviderSource> providers() throws IOException {
    List<ServiceReference<MemoryProvider>> references;
    try {
      references = new ArrayList<>(context.getServiceReferences(MemoryProvider.class, null));
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
    references.sort(Comparator.reverseOrder());
    List<ProviderSource> sources = new ArrayList<>();
    for (ServiceReference<MemoryProvider> reference : references) {
      MemoryProvider made = context.getService(reference);
      if (made != null && reference.getProperty(Constants.SERVICE_ID) instanceof Long id) {
        try {
          MemoryProvider provider = asked.apply(id).orElse(null);
          if (provider != null) {
            sources.add(source(reference, made.getClass(), provider));
          }
        } finally {
          context.ungetService(reference);
        }
      }
    }
    return sources;
  }

  /** A provider that does not answer is not compared, for the reason that it gives. */
  private ProviderSource source(
      ServiceReference<MemoryProvider> reference, Class<?> type, MemoryProvider provider)
      throws IOException {
    String kind = "";
    String unavailable;
    Set<Capability> capabilities = Set.of();
    try {
      kind = kindOf(type);
      unavailable = unavailable(type, kind, provider.name());
      capabilities = provider.capabilities();
    } catch (RuntimeException | LinkageError | ServiceConfigurationError e) {
      unavailable = String.valueOf(e.getMessage());
    }
    return new ProviderSource(
        provider.name(),
        kind,
        unavailable,
        unavailable.isEmpty() ? jars.of(reference.getBundle()) : List.of(),
        configuration(reference),
        capabilities);
  }

  private static String unavailable(Class<?> type, String kind, String name) {
    if (name.equals(MANAGED)) {
      return "it has no memory of its own, but hands requests on to the others";
    }
    return kind.isEmpty()
        ? String.format(
            Locale.ROOT,
            "a child JVM cannot start %s: register a %s for it in META-INF/services",
            type.getName(),
            StandaloneBackend.class.getName())
        : "";
  }

  /** The standalone name of providers of a class; empty if they have none. */
  private static String kindOf(Class<?> type) {
    return ServiceLoader.load(StandaloneBackend.class, type.getClassLoader()).stream()
        .flatMap(backend -> backend.get().factories().stream())
        .filter(factory -> factory.type() == type)
        .map(MemoryProviderFactory::name)
        .findFirst()
        .orElse("");
  }

  private static Map<String, List<String>> configuration(ServiceReference<?> reference) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    for (String key : reference.getPropertyKeys()) {
      if (!CONTAINERS_OWN.contains(key)) {
        List<String> text = TypedText.of(reference.getProperty(key));
        if (!text.isEmpty()) {
          values.put(key, text);
        }
      }
    }
    return values;
  }
}
