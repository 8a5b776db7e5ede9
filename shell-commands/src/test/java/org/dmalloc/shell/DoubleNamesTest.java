/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dmalloc.api.Capability;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.junit.jupiter.api.Test;

/** What several backends find in one store, and one name in two stores. */
final class DoubleNamesTest {
  @Test
  void verifyShowsWhatBackendsShareOnceAndNamesInTwoStores() throws Exception {
    HeapProvider files = new HeapProvider("files", Capability.NAMED);
    HeapProvider other = new HeapProvider("other", Capability.NAMED);
    try (GogoShell both = new GogoShell(files, other)) {
      for (HeapProvider each : List.of(files, other)) {
        each.findings.add(new StoreFinding(StoreFinding.Severity.OK, "region orders", "fine"));
        each.allocate(RegionRequest.ofSize(64).withName("orders")).close();
      }
      String one = both.run("verify");
      assertEquals(2, one.lines().count(), one); // the heading too
      assertTrue(one.contains("files,other"), one);
      other.in("/elsewhere");
      String two = both.run("verify");
      assertTrue(two.contains("stands in 2 stores: /store/orders, /elsewhere/orders"), two);
      assertTrue(two.contains("WARNING"), two);
    }
  }
}
