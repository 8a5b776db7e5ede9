/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.container;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceLoader;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * A worker in a container of its own: starts a framework, installs the bundles, and calls {@link
 * ContainerWorker} as the bundle of this class has it, inside the framework.
 */
public final class FrameworkMain {
  /** The system property with the locations of the bundles, separated by blanks. */
  static final String BUNDLES = "dmalloc.chaos.bundles";

  /** The system property with the packages that the framework exports beside its own. */
  static final String PACKAGES = "dmalloc.chaos.packages";

  /** The symbolic name of the bundle of this class. */
  private static final String OWN = "org.dmalloc.measure";

  private FrameworkMain() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> properties = new HashMap<>();
    properties.put(
        Constants.FRAMEWORK_STORAGE,
        Path.of(System.getProperty("java.io.tmpdir"), "framework").toString());
    properties.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, System.getProperty(PACKAGES, ""));
    Framework framework =
        ServiceLoader.load(FrameworkFactory.class)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no framework on the class path"))
            .newFramework(properties);
    framework.start();
    BundleContext context = framework.getBundleContext();
    for (String location : System.getProperty(BUNDLES, "").split(" ", -1)) {
      context.installBundle(location);
    }
    for (Bundle bundle : context.getBundles()) {
      if (OWN.equals(bundle.getSymbolicName())) {
        bundle.start();
        bundle
            .loadClass(ContainerWorker.class.getName())
            .getMethod("run", BundleContext.class)
            .invoke(null, bundle.getBundleContext());
      }
    }
  }
}
