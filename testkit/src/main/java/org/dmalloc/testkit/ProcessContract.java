/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.testkit.ChildMain.Act;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Named regions seen from a second JVM. */
public abstract class ProcessContract extends ContractTheme {
  private String childFixture = "";

  @BeforeEach
  final void assumeSecondJvm() {
    assumeDeclared(Capability.NAMED);
    Optional<String> child = testedFixture().childFixture();
    if (child.isEmpty()) {
      Skip.because("no second JVM can have this provider: its fixture names none");
    }
    childFixture = child.orElseThrow();
  }

  private ChildJvm child(Act act, String name, long... numbers) throws Exception {
    return ChildJvm.start(childFixture, directory(), act, name, numbers);
  }

  private void assertChildEnds(int status, Act act, String name, long... numbers) throws Exception {
    try (ChildJvm child = child(act, name, numbers)) {
      child.assertEndsWith(status);
    }
  }

  @Test
  void regionOfThisJvmReopensInANewOne() throws Exception {
    store("here \u00fc", (1 << 20) + 3, 31);
    assertChildEnds(0, Act.CHECK, "here \u00fc", 31);
    assertStored("here \u00fc", 31);
  }

  @Test
  void regionOfAnEndedJvmReopensHere() throws Exception {
    assertChildEnds(0, Act.WRITE, "there", 5 * PAGE + 1, 32);
    try (MemoryRegion region = provider().open("there")) {
      assertEquals(5 * PAGE + 1, region.byteSize());
      Pattern.check(region, 32);
    }
  }

  @Test
  void regionOpenElsewhereIsRefused() throws Exception {
    allocate("shared", PAGE).close();
    try (ChildJvm child = child(Act.HOLD, "shared")) {
      child.awaitWord(ChildMain.HOLDING);
      assertRefused(() -> provider().open("shared"));
      assertRefused(() -> provider().delete("shared"));
      assertSame(StoredRegion.State.OPEN, provider().stored().getFirst().state());
      child.release();
      child.assertEndsWith(0);
    }
    assertSame(StoredRegion.State.CLOSED, provider().stored().getFirst().state());
    provider().open("shared").close();
  }

  @Test
  void regionOpenHereIsRefusedElsewhere() throws Exception {
    try (MemoryRegion region = allocate("mine", PAGE)) {
      assertChildEnds(ChildMain.REFUSED, Act.CHECK, "mine", 0);
      Pattern.write(region, 33);
    }
    assertChildEnds(0, Act.CHECK, "mine", 33);
  }

  @Test
  void killedJvmLeavesItsNamedRegionOnly() throws Exception {
    allocate("whole", PAGE).close();
    int filesOfOne = files().size();
    try (ChildJvm child = child(Act.ABANDON, "left", 3 * PAGE, 34)) {
      child.awaitWord(ChildMain.HOLDING);
      child.kill();
    }
    assertEquals(
        List.of("left", "whole"), provider().stored().stream().map(StoredRegion::name).toList());
    assertTrue(files().size() <= 2 * filesOfOne, files().toString());
    assertStored("left", 34);
  }
}
