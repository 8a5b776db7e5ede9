/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import java.io.IOException;
import java.nio.file.Path;

/** The other end of a link: {@code WAY DIRECTORY}. */
public final class LinkChild {
  /** The first byte of a message: it is sent back. */
  static final byte ECHO = 1;

  /** It is dropped. */
  static final byte DROP = 2;

  /** It is the last one. */
  static final byte END = 3;

  private LinkChild() {}

  public static void main(String[] words) throws IOException, InterruptedException {
    try (Link link = Link.Way.valueOf(words[0]).open(Path.of(words[1]), Link.End.CHILD)) {
      while (true) {
        for (byte[] message : link.receive()) {
          if (message[0] == ECHO) {
            link.send(message);
          } else if (message[0] == END) {
            return;
          }
        }
      }
    }
  }
}
