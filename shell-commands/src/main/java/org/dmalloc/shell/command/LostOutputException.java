/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.io.IOException;

/**
 * What a command has printed did not arrive, so that it went no further. Only the stream below
 * knows why.
 */
public final class LostOutputException extends IOException {
  private static final long serialVersionUID = 1L;

  public LostOutputException() {
    super("the output was closed");
  }
}
