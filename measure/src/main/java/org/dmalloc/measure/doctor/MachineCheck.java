/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;

/** Looks at one thing of a machine. Reads only; never changes anything. */
@FunctionalInterface
public interface MachineCheck {
  /**
   * Looks.
   *
   * @return what was found, none where this machine has no such thing
   */
  List<Finding> examine(Patient patient);
}
