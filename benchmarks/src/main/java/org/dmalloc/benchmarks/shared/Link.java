/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A way for messages between two JVMs, there and back. Used by one thread on each side. */
interface Link extends AutoCloseable {
  /** The two ends of a link. */
  enum End {
    /** Makes it, and is there first. */
    PARENT,
    CHILD
  }

  /** The ways that are measured. */
  enum Way {
    /** {@link org.dmalloc.shared.MessageRing}, two of them. */
    RING("dmalloc ring"),
    /** Aeron's IPC, whose both ends look without a pause. */
    AERON("Aeron IPC, busy"),
    /** The same, whose ends pause more and more, up to a millisecond. */
    AERON_BACKOFF("Aeron IPC, backoff");

    final String words;

    Way(String words) {
      this.words = words;
    }

    /** Its name on a command line. */
    String option() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    Link open(Path directory, End end) throws IOException {
      return switch (this) {
        case RING -> RingLink.open(directory, end);
        case AERON -> AeronLink.open(directory, end, true);
        case AERON_BACKOFF -> AeronLink.open(directory, end, false);
      };
    }
  }

  /** Sends one message, and waits for room. */
  void send(byte[] message) throws IOException, InterruptedException;

  /** Sends messages in order, together where the link has a call for that. */
  void sendAll(List<byte[]> messages) throws IOException, InterruptedException;

  /** Waits for messages and takes those that are there, up to some. */
  List<byte[]> receive() throws IOException, InterruptedException;

  @Override
  void close() throws IOException;
}
