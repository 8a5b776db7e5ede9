/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.container;

import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.measure.compare.Comparison;
import org.dmalloc.measure.compare.ComparisonListener;
import org.dmalloc.measure.compare.ComparisonPlan;
import org.dmalloc.measure.compare.ComparisonReport;
import org.osgi.framework.BundleContext;

/** A comparison of all providers of a container. */
public final class ContainerComparison {
  private ContainerComparison() {}

  /**
   * Runs a plan over the providers that the container has now; see {@link Comparison#run}.
   *
   * @param context that of the bundle that asks; what bundles hold is unpacked in its own area
   */
  public static ComparisonReport run(
      BundleContext context, ComparisonPlan plan, ComparisonListener listener)
      throws IOException, InterruptedException {
    Path scratch = context.getDataFile("compare").toPath();
    ContainerProviders providers = new ContainerProviders(context, scratch);
    return new Comparison(plan, providers.all(), providers.ownClassPath(), listener).run();
  }
}
