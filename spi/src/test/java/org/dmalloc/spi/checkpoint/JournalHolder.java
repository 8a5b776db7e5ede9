/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** Started as a process of its own: opens the journal {@code ID} of the store {@code DIRECTORY}. */
public final class JournalHolder {
  static final int PAGES = 500;
  private static final int PAGE = 4096;

  private JournalHolder() {}

  /**
   * With {@code HOLD} says "open" and stays until its input ends. With {@code WRITE} says the
   * number of each checkpoint of its one member when it is durable, and goes on until it is killed:
   * each has its number in all bytes of all pages.
   */
  public static void main(String[] arguments) throws Exception {
    Path store = Path.of(arguments[0]);
    try (Journal journal = Journal.open(store, UUID.fromString(arguments[1]), "a process")) {
      if (arguments[2].equals("HOLD")) {
        System.out.println("open");
        awaitEndOfInput();
        return;
      }
      while (true) {
        byte[] content = new byte[PAGES * PAGE];
        long number = journal.sealed() + 1;
        Arrays.fill(content, (byte) number);
        try (Journal.Writer writer = journal.begin(number)) {
          writer.write(1, 0, MemorySegment.ofArray(content));
          writer.seal(List.of(new Journal.State(1, content.length, -1)));
        }
        journal.applied(number); // whoever kills it has the slots
        System.out.println(number);
      }
    }
  }

  private static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // What it reads does not matter.
    }
  }
}
