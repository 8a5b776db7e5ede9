/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.nio.file.Path;
import java.util.List;
import org.dmalloc.measure.chaos.worker.WorkerMain;

/**
 * How a worker's JVM is started.
 *
 * @param kind {@link #PLAIN} or {@link #CONTAINER}
 * @param options of the JVM and system properties
 */
public record WorkerJvm(String kind, String mainClass, List<Path> classPath, List<String> options) {
  public static final String PLAIN = "plain Java";
  public static final String CONTAINER = "container";

  public WorkerJvm {
    classPath = List.copyOf(classPath);
    options = List.copyOf(options);
  }

  /** A worker in plain Java, with the jars of the suite on its class path. */
  public static WorkerJvm plain(List<Path> classPath) {
    return new WorkerJvm(PLAIN, WorkerMain.class.getName(), classPath, List.of());
  }
}
