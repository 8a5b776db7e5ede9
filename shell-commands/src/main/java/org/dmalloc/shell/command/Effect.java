/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

/** What a command does to regions; by these an administrator switches commands off. */
public enum Effect {
  /** Shows the bytes of a region, or copies them elsewhere. */
  READ,
  /** Changes the bytes, the size, the name, the place or the treatment of what is there. */
  WRITE,
  /** Ends what is there: a region, its use, bytes that are not kept elsewhere. */
  DELETE
}
