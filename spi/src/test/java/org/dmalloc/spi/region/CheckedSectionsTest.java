/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.RegionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class CheckedSectionsTest {
  private static final long SHORT_NANOS = 20_000_000;

  private final SectionGate gate = new SectionGate(true);

  private Access open(MemorySegment memory) {
    return gate.section(gate.enter(), memory);
  }

  @Test
  void oneThatIsAskedForIsCheckedAndAllAreByTheProperty() {
    RegionOptions asked = RegionOptions.DEFAULT.withCheckedSections(true);
    assertSame(asked, CheckedSections.asked(asked));
    assertFalse(CheckedSections.asked(RegionOptions.DEFAULT).checkedSections());
    System.setProperty(CheckedSections.PROPERTY, "true");
    try {
      assertTrue(CheckedSections.asked(RegionOptions.DEFAULT).checkedSections());
    } finally {
      System.clearProperty(CheckedSections.PROPERTY);
    }
    CheckedSections.force("no");
    assertFalse(CheckedSections.asked(RegionOptions.DEFAULT).checkedSections());
  }

  @Test
  void memoryOfTheHeapAndMemoryThatIsGoneLeaveNoSectionBehind() {
    assertThrows(
        UnsupportedOperationException.class, () -> open(MemorySegment.ofArray(new byte[8])));
    assertEquals(0, gate.openSections());
  }

  /** Whoever has shut the gate may move the memory: nothing leads there any more. */
  @Test
  void whatAThreadLeftEndsWhenTheGateIsShut() throws Exception {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(64);
      List<MemorySegment> kept = new ArrayList<>();
      Thread forgets = Thread.ofPlatform().start(() -> kept.add(open(memory).segment()));
      forgets.join();
      kept.getFirst().get(JAVA_BYTE, 0);
      gate.shut(SHORT_NANOS);
      assertFalse(kept.getFirst().scope().isAlive());
      gate.open();
      open(memory).close();
    }
  }

  @Test
  void theSectionsOfWhoEndsTheGateEndWhenHeSaysSo() {
    try (Arena arena = Arena.ofShared()) {
      Access own = open(arena.allocate(64));
      gate.shutToEnd(SHORT_NANOS);
      gate.open();
      own.segment().set(JAVA_BYTE, 0, (byte) 1); // as before
      gate.shutToEnd(SHORT_NANOS);
      gate.endSections();
      gate.end();
      assertThrows(IllegalStateException.class, () -> own.segment().get(JAVA_BYTE, 0));
      assertDoesNotThrow(own::close);
    }
  }

  @Test
  void nobodyGetsTheMemoryWhileACallUsesASegmentPastItsSection() throws Exception {
    try (Arena arena = Arena.ofShared()) {
      Pipe pipe = Pipe.open();
      MemorySegment memory = arena.allocate(1 << 20);
      Access access = open(memory);
      ByteBuffer all = access.segment().asByteBuffer();
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      while (all.hasRemaining()) {
                        pipe.sink().write(all); // waits for the reader in the kernel
                      }
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      assertEquals(1, pipe.source().read(ByteBuffer.allocate(1)));
      assertThrows(IllegalStateException.class, access::close);
      assertEquals(0, gate.openSections(), "it is closed all the same");
      assertThrows(IllegalStateException.class, () -> gate.shut(SHORT_NANOS));
      open(memory).close(); // the gate is open
      ByteBuffer rest = ByteBuffer.allocate(1 << 16);
      for (long left = (1 << 20) - 1; left > 0; ) {
        left -= pipe.source().read(rest.clear());
      }
      writer.join();
      gate.shut(SHORT_NANOS);
      gate.open();
      assertFalse(access.segment().scope().isAlive());
      pipe.sink().close();
      pipe.source().close();
    }
  }
}
