/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.IOException;
import java.nio.file.Path;

/** A worker over the suite in plain Java. */
public final class WorkerMain {
  private WorkerMain() {}

  public static void main(String[] arguments) throws IOException {
    // Each jar is opened by its first use, for which descriptors may be short later.
    ClassLoader.getSystemResources("dmalloc/chaos/none").asIterator().forEachRemaining(any -> {});
    Worker.main(task -> new StandaloneSuite(Path.of(task.disk())));
  }
}
