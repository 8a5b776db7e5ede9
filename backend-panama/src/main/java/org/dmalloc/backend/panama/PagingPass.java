/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The flight recorder's event for a look of the observer at the regions in use. */
@Name(PagingPass.NAME)
@Label("Paging Pass")
@Category({"dmalloc", "Paging"})
@Description("The observer has looked at the regions in use")
@StackTrace(false)
final class PagingPass extends Event {
  static final String NAME = "org.dmalloc.PagingPass";

  @Label("Backend")
  String backend = "";

  @Label("Regions Looked At")
  int regions;

  @Label("Sensors Read")
  boolean sensed;

  @Label("Pages Newly Mapped In Sensors")
  long freshPages;

  @Label("Major Faults Since The Last Sensor Reading")
  long majorFaults;

  @Label("Processor Time")
  @Timespan(Timespan.NANOSECONDS)
  long cpuNanos;

  @Label("Left In The Account")
  @Timespan(Timespan.NANOSECONDS)
  long creditNanos;

  @Label("Next Pass In")
  @Timespan(Timespan.NANOSECONDS)
  long waitNanos;

  static PagingPass begun() {
    PagingPass pass = new PagingPass();
    pass.begin();
    return pass;
  }

  /** Posts it, if somebody records them. */
  void ended(
      String byBackend,
      int lookedAt,
      boolean readSensors,
      long newlyMapped,
      long faults,
      long usedNanos,
      long leftNanos,
      long nextInNanos) {
    end();
    if (shouldCommit()) {
      backend = byBackend;
      regions = lookedAt;
      sensed = readSensors;
      freshPages = newlyMapped;
      majorFaults = faults;
      cpuNanos = usedNanos;
      creditNanos = leftNanos;
      waitNanos = nextInNanos;
      commit();
    }
  }
}
