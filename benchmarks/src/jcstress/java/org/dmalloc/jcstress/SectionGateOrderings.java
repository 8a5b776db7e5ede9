/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.dmalloc.spi.region.SectionGate;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * What sections and whoever shuts the gate may see of each other. All shared fields are plain: the
 * gate alone orders them. A gate is fresh in each round, as jcstress makes a new state for it.
 */
public final class SectionGateOrderings {
  private static final long TIMEOUT_NANOS = 60_000_000_000L;

  private SectionGateOrderings() {}

  /** Who shuts the gate sees all writes of a section or none, and they do not change meanwhile. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "shut before the section")
  @Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "shut after the section")
  @Outcome(expect = FORBIDDEN, desc = "shut in the middle of a section")
  @State
  public static class ShutSeesWholeSections {
    private final SectionGate gate = new SectionGate();
    private int first;
    private int last;

    /** Writes inside a section. */
    @Actor
    public void section() {
      int slot = gate.enter();
      first = 1;
      last = 1;
      first = 2;
      last = 2;
      gate.exit(slot);
    }

    /** Reads with the gate shut. */
    @Actor
    public void shutter(II_Result result) {
      gate.shut(TIMEOUT_NANOS);
      result.r1 = first;
      result.r2 = last;
      gate.open();
    }
  }

  /** A section sees one backing from its beginning to its end, and all of it. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "section before the exchange")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "section after the exchange")
  @Outcome(expect = FORBIDDEN, desc = "a section across the exchange")
  @State
  public static class SectionSeesOneBacking {
    private final SectionGate gate = new SectionGate();
    private int[] backing = {0};
    private int content;

    /** Exchanges the backing, as a move does. */
    @Actor
    public void exchange() {
      gate.shut(TIMEOUT_NANOS);
      content = 1;
      backing = new int[] {1};
      gate.open();
    }

    /** Looks at it. */
    @Actor
    public void section(II_Result result) {
      int slot = gate.enter();
      result.r1 = backing[0];
      result.r2 = content;
      gate.exit(slot);
    }
  }

  /** A section inside a section neither waits for a shut gate nor sees another backing. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "both before the exchange")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both after the exchange")
  @Outcome(expect = FORBIDDEN, desc = "an exchange between the two")
  @State
  public static class NestedSectionSeesTheSame {
    private final SectionGate gate = new SectionGate();
    private int content;

    /** Waits for the outer section. */
    @Actor
    public void exchange() {
      gate.shut(TIMEOUT_NANOS);
      content = 1;
      gate.open();
    }

    /** Opens one in the other. */
    @Actor
    public void sections(II_Result result) {
      int outer = gate.enter();
      result.r1 = content;
      int inner = gate.enter();
      gate.exit(inner);
      result.r2 = content;
      gate.exit(outer);
    }
  }

  /** After the end no section opens, and none was open when the memory went. */
  @JCStressTest
  @Outcome(id = "0", expect = ACCEPTABLE, desc = "section before the end")
  @Outcome(id = "2", expect = ACCEPTABLE, desc = "refused after the end")
  @Outcome(id = "1", expect = FORBIDDEN, desc = "a section saw memory that was gone")
  @State
  public static class EndIsFinal {
    private final SectionGate gate = new SectionGate();
    private int gone;

    /** Lets the memory go, as close does. */
    @Actor
    public void close() {
      gate.shut(TIMEOUT_NANOS);
      gone = 1;
      gate.end();
    }

    /** Uses the memory. */
    @Actor
    public void section(I_Result result) {
      int slot;
      try {
        slot = gate.enter();
      } catch (IllegalStateException e) {
        result.r1 = 2;
        return;
      }
      result.r1 = gone;
      gate.exit(slot);
    }
  }

  /** Two sections at once, which may meet on a slot, and a shutter that sees each whole. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "before both")
  @Outcome(id = "0, 2", expect = ACCEPTABLE, desc = "between them")
  @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "between them")
  @Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "after both")
  @Outcome(expect = FORBIDDEN, desc = "shut in the middle of a section")
  @State
  public static class TwoSectionsAndAShutter {
    private final SectionGate gate = new SectionGate();
    private int one;
    private int other;

    /** Writes to the first word. */
    @Actor
    public void section() {
      int slot = gate.enter();
      one = 1;
      one = 2;
      gate.exit(slot);
    }

    /** Writes to the second word. */
    @Actor
    public void otherSection() {
      int slot = gate.enter();
      other = 1;
      other = 2;
      gate.exit(slot);
    }

    /** Reads both. */
    @Actor
    public void shutter(II_Result result) {
      gate.shut(TIMEOUT_NANOS);
      result.r1 = one;
      result.r2 = other;
      gate.open();
    }
  }

  /** Two shutters take turns. */
  @JCStressTest
  @Outcome(id = "2", expect = ACCEPTABLE, desc = "one after the other")
  @Outcome(expect = FORBIDDEN, desc = "both at once")
  @State
  public static class ShuttersTakeTurns {
    private final SectionGate gate = new SectionGate();
    private int count;

    /** Counts. */
    @Actor
    public void one() {
      count();
    }

    /** Counts too. */
    @Actor
    public void other() {
      count();
    }

    private void count() {
      gate.shut(TIMEOUT_NANOS);
      count++;
      gate.open();
    }

    /** Reads the sum. */
    @Arbiter
    public void sum(I_Result result) {
      result.r1 = count;
    }
  }

  /** A shutter that gives up at once leaves the gate open, and nobody waiting. */
  @JCStressTest
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "gave up")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "was alone")
  @Outcome(expect = FORBIDDEN, desc = "the section did not come in")
  @State
  public static class GivingUpLetsSectionsIn {
    private final SectionGate gate = new SectionGate();

    /** Does not wait. */
    @Actor
    public void shutter(II_Result result) {
      try {
        gate.shut(1);
        gate.open();
        result.r1 = 1;
      } catch (IllegalStateException e) {
        result.r1 = 0;
      }
    }

    /** Waits for it to give up or to open, if it must. */
    @Actor
    public void section(II_Result result) {
      int slot = gate.enter();
      gate.exit(slot);
      result.r2 = 1;
    }
  }
}
