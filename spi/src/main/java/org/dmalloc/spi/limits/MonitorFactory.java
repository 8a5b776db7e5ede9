/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.limits;

import java.util.Collection;
import java.util.function.Supplier;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.standalone.ResourceLimitsFactory;
import org.dmalloc.spi.machine.KernelFiles;

/** The monitor for programs without OSGi. */
public final class MonitorFactory implements ResourceLimitsFactory {
  /** Made by {@link java.util.ServiceLoader}. */
  public MonitorFactory() {}

  @Override
  public Running start(Supplier<? extends Collection<? extends MemoryProvider>> providers) {
    return new ResourceMonitor(KernelFiles.ofThisMachine(), providers, ResourceMonitor.INTERVAL);
  }
}
