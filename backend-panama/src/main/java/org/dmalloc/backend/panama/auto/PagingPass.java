/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The flight recorder's event for a pass of the observer over the regions in use. */
@Name(PagingPass.NAME)
@Label("Paging Pass")
@Category({"dmalloc", "Paging"})
@Description("The observer has made a pass over the regions in use")
@StackTrace(false)
public final class PagingPass extends Event {
  /** The name of the event. */
  public static final String NAME = "org.dmalloc.PagingPass";

  @Label("Backend")
  String backend = "";

  @Label("Regions Observed")
  int regions;

  @Label("Page Table Sampled")
  boolean sensed;

  @Label("Pages Newly Mapped In The Sample")
  long freshPages;

  @Label("Major Faults Since The Last Sample")
  long majorFaults;

  @Label("Processor Time")
  @Timespan(Timespan.NANOSECONDS)
  long cpuNanos;

  @Label("Left In The Budget")
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

  /** Posts it, if a recording wants it. */
  void ended() {
    commit();
  }
}
