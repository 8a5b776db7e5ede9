/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.io.IOException;

/** The output of a command was lost, so that it stopped. Only the stream below knows the reason. */
public final class LostOutputException extends IOException {
  private static final long serialVersionUID = 1L;

  public LostOutputException() {
    super("the output was closed");
  }
}
