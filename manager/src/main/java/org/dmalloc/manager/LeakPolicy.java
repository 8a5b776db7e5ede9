/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

/** What becomes of the regions that a bundle leaves open when it stops. */
enum LeakPolicy {
  /** They stay open. */
  KEEP,
  /** They are closed. */
  CLOSE
}
