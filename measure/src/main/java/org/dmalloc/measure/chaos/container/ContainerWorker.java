/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.container;

import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.measure.chaos.worker.Worker;
import org.osgi.framework.BundleContext;

/** A worker over the bundles of its container. */
public final class ContainerWorker {
  private ContainerWorker() {}

  /** Runs the task on standard input, and ends the JVM. */
  public static void run(BundleContext context) throws IOException {
    Worker.main(task -> new ContainerSuite(context, Path.of(task.disk())));
  }
}
