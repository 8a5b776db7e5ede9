/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.junit.jupiter.api.Test;

class PeerOptionsTest {
  private static Arguments arguments(String... words) {
    return new Arguments(Peers.HELP, List.of(words));
  }

  private static PeerPlan parse(String... words) {
    return PeerPlan.of(arguments(words));
  }

  private static String refusal(String... arguments) {
    return assertThrows(IllegalArgumentException.class, () -> parse(arguments)).getMessage();
  }

  @Test
  void comparesEverythingUnlessToldOtherwise() {
    PeerPlan plan = parse();
    assertEquals(2L << 30, plan.byteSize());
    assertEquals(512L << 20, plan.limitBytes());
    assertEquals(Arrays.asList(Row.values()), plan.rows());
    assertEquals(
        Peer.all().stream().map(Peer::id).toList(), plan.peers().stream().map(Peer::id).toList());
  }

  @Test
  void takesSizesNamesAndFiles() {
    Arguments options =
        arguments(
            "--size",
            "1.5G",
            "--no-limit",
            "--runs",
            "5",
            "--cell-millis",
            "100",
            "--only",
            "panama:random,l",
            "--workload",
            "zipf,fill,zipf",
            "--seed",
            "7",
            "--directory",
            "d",
            "--json",
            "j",
            "--html",
            "h");
    PeerPlan plan = PeerPlan.of(options);
    assertEquals(3L << 29, plan.byteSize());
    assertEquals(0, plan.limitBytes());
    assertEquals(5, plan.runs());
    assertEquals(100, plan.cellTime().toMillis());
    assertEquals(
        List.of("panama:random", "lmdb", "lucene"), plan.peers().stream().map(Peer::id).toList());
    assertEquals(List.of(Row.ZIPF, Row.FILL), plan.rows());
    assertEquals(Path.of("j"), options.path("--json"));
    assertEquals(Path.of("h"), options.path("--html"));
  }

  @Test
  void namesTheValueAndTheNextStepOfWhatItRefuses() {
    assertTrue(refusal("--size").contains("--size needs a value"));
    assertTrue(refusal("--size", "much").contains("--size much; give a size such as 512m"));
    assertTrue(refusal("--size", "1m").contains("give at least 16m"));
    assertTrue(refusal("--limit", "64m").contains("give at least 192m"));
    assertTrue(refusal("--runs", "0").contains("runs 0; give at least 1"));
    assertTrue(refusal("--runs", "x").contains("--runs x; give a whole number"));
    assertTrue(refusal("--only", "other").contains("contender other; there are"));
    assertTrue(refusal("--only", "").contains("contender ; there are"));
    assertTrue(refusal("--workload", "sleep").contains("workload sleep; there are fill"));
    assertTrue(refusal("--fast").contains("option --fast; see --help"));
  }

  @Test
  void helpNamesEveryOption() {
    assertTrue(arguments("--help").has("--help"));
    assertTrue(arguments("-h").has("--help"));
    for (String option :
        List.of(
            "--size",
            "--limit",
            "--no-limit",
            "--runs",
            "--cell-millis",
            "--only",
            "--workload",
            "--directory",
            "--seed",
            "--json",
            "--html",
            "--from")) {
      assertTrue(Peers.HELP.contains(option + " "), option);
    }
  }
}
