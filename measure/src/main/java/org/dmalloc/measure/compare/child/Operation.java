/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import org.dmalloc.measure.compare.cell.CellRun;

/** A workload's loop body over one memory; one thread runs it. */
interface Operation {
  /**
   * Does one operation.
   *
   * @param share how much of the cell's time has passed, 0 to 1
   * @return how many pages it used; 0 if there is nothing left to do
   */
  int run(double share) throws IOException;

  /** Starts what works beside it. */
  default void begin() {}

  /** The pages that it has used so far; {@link CellRun#UNKNOWN} if nothing works beside. */
  default long besidePages() {
    return CellRun.UNKNOWN;
  }

  /** Ends that. */
  default void end() throws IOException {}
}
