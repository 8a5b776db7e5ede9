/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.dmalloc.api.AccessPattern;

/** The flight recorder's event for a change of advice under {@code AUTO}. */
@Name(AdviceChange.NAME)
@Label("Advice Change")
@Category({"dmalloc", "Paging"})
@Description("The observer of a region has told the kernel another order of accesses")
@StackTrace(false)
public final class AdviceChange extends Event {
  /** The name of the event. */
  public static final String NAME = "org.dmalloc.AdviceChange";

  @Label("Region")
  long region;

  @Label("Offset")
  @DataAmount
  long offset;

  @Label("Length")
  @DataAmount
  long length;

  @Label("From")
  String from = "";

  @Label("To")
  String to = "";

  @Label("Evidence")
  String evidence = "";

  /** Posts one, if a recording wants them. */
  static void post(
      long region, long offset, long length, AccessPattern from, AccessPattern to, String why) {
    AdviceChange event = new AdviceChange();
    if (event.shouldCommit()) {
      event.region = region;
      event.offset = offset;
      event.length = length;
      event.from = from.name();
      event.to = to.name();
      event.evidence = why;
      event.commit();
    }
  }
}
