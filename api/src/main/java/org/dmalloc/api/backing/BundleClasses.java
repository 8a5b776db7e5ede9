/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import org.osgi.framework.Bundle;
import org.osgi.framework.namespace.PackageNamespace;
import org.osgi.framework.wiring.BundleWire;
import org.osgi.framework.wiring.BundleWiring;

/**
 * The classes of a bundle that is about to stop while regions or heaps of its are open.
 *
 * <p>These outlive their bundle, also its update and a refresh of the framework, after which the
 * old jar is gone and nothing can be loaded from it. One whose first {@code info} or {@code close}
 * comes only then would fail for want of a class, so all are loaded before.
 */
public final class BundleClasses {
  private static final Logger LOG = System.getLogger(BundleClasses.class.getName());
  private static final String SUFFIX = ".class";

  private BundleClasses() {}

  /** Loads all classes of the bundle, and those of other bundles that it is wired to. */
  public static void loadAll(Bundle bundle) {
    BundleWiring wiring = bundle.adapt(BundleWiring.class);
    if (wiring == null) {
      return; // never resolved: it has no regions either
    }
    load(wiring, wiring, "/", BundleWiring.LISTRESOURCES_RECURSE);
    for (BundleWire wire : wiring.getRequiredWires(PackageNamespace.PACKAGE_NAMESPACE)) {
      Object imported =
          wire.getCapability().getAttributes().get(PackageNamespace.PACKAGE_NAMESPACE);
      load(wiring, wire.getProviderWiring(), "/" + String.valueOf(imported).replace('.', '/'), 0);
    }
  }

  /** By the loader of the one, which remembers what it was once asked for, classes of the other. */
  private static void load(BundleWiring by, BundleWiring from, String path, int options) {
    Collection<String> resources =
        from.listResources(path, "*" + SUFFIX, options | BundleWiring.LISTRESOURCES_LOCAL);
    for (String resource : resources) {
      String name = resource.substring(0, resource.length() - SUFFIX.length()).replace('/', '.');
      if (name.indexOf('-') >= 0) {
        continue; // a descriptor, or what another entry of the bundle's class path leads to
      }
      try {
        Class.forName(name, false, by.getClassLoader());
      } catch (ClassNotFoundException | LinkageError e) {
        // It needs what is not installed here, such as an optional import: nobody uses it then.
        LOG.log(Level.DEBUG, "not loaded: {0}: {1}", name, e.getMessage());
      }
    }
  }
}
