/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.container;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongFunction;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.measure.compare.Comparison;
import org.dmalloc.measure.compare.ComparisonPlan;
import org.dmalloc.measure.compare.ComparisonReport;
import org.dmalloc.measure.report.MeasurementListener;
import org.osgi.framework.BundleContext;

/** A comparison of all providers of a container. */
public final class ContainerComparison {
  private ContainerComparison() {}

  /**
   * Runs a plan over the providers that the container has now; see {@link Comparison#run}.
   *
   * @param context that of the bundle that asks; what bundles hold is unpacked in its own area
   * @param asked finds the provider of a service by the number of the service: what answers for it,
   *     whatever it does
   */
  public static ComparisonReport run(
      BundleContext context,
      LongFunction<? extends Optional<? extends MemoryProvider>> asked,
      ComparisonPlan plan,
      MeasurementListener listener)
      throws IOException, InterruptedException {
    Path scratch = context.getDataFile("compare").toPath();
    ContainerProviders providers = new ContainerProviders(context, asked, scratch);
    return new Comparison(plan, providers.all(), providers.ownClassPath(), listener).run();
  }
}
