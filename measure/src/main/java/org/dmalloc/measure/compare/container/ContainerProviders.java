/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.container;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.measure.compare.ProviderSource;
import org.dmalloc.measure.compare.child.ContenderProcess;
import org.dmalloc.measure.compare.child.ProviderFactory;
import org.dmalloc.measure.compare.child.TypedText;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * The providers of a container, for a comparison.
 *
 * <p>Any provider joins, a stranger's too, without knowing of comparisons: a child JVM gets the
 * content of its bundle, and of the bundles that it is wired to, as class path, makes the
 * provider's class by its public constructor, and hands it the properties of its service. What
 * needs more than a map and the framework's properties to be made, such as references to other
 * services, cannot be had there, and is reported as not compared.
 */
public final class ContainerProviders {
  private static final String MANAGED = "managed";

  /** Properties that the container sets, and that are no configuration. */
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
  private final BundleJars jars;

  /** Looks into the container that a bundle runs in. */
  public ContainerProviders(BundleContext context, Path scratch) {
    this.context = context;
    jars = new BundleJars(scratch);
  }

  /** The class path of the comparison itself. */
  public List<Path> ownClassPath() throws IOException {
    Bundle own = FrameworkUtil.getBundle(ContenderProcess.class);
    if (own == null) {
      throw new IllegalStateException("not in a bundle");
    }
    return jars.of(own);
  }

  /** All providers, the highest ranking first. */
  public List<ProviderSource> all() throws IOException {
    List<ServiceReference<MemoryProvider>> references;
    try {
      Collection<ServiceReference<MemoryProvider>> found =
          context.getServiceReferences(MemoryProvider.class, null);
      references = new ArrayList<>(found);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
    references.sort(Comparator.reverseOrder());
    List<ProviderSource> sources = new ArrayList<>();
    for (ServiceReference<MemoryProvider> reference : references) {
      MemoryProvider provider = context.getService(reference);
      if (provider != null) {
        try {
          sources.add(source(reference, provider));
        } finally {
          context.ungetService(reference);
        }
      }
    }
    return sources;
  }

  private ProviderSource source(ServiceReference<MemoryProvider> reference, MemoryProvider provider)
      throws IOException {
    String refusal = "";
    if (provider.name().equals(MANAGED)) {
      refusal = "it has no memory of its own, but hands requests on to the others";
    } else if (ProviderFactory.constructorOf(provider.getClass()).isEmpty()) {
      refusal =
          String.format(
              Locale.ROOT,
              "a child JVM cannot make %s; give it a public constructor that takes a Map of its properties, a BundleContext, both or nothing",
              provider.getClass().getName());
    }
    return new ProviderSource(
        provider.name(),
        provider.getClass().getName(),
        refusal,
        refusal.isEmpty() ? jars.of(reference.getBundle()) : List.of(),
        configuration(reference),
        provider.capabilities(),
        provider.supportedAdvice());
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
