/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;

/** What several backends find in one store, and one name in two stores. */
final class DoubleNamesTest {
  @Test
  void verifyShowsWhatBackendsShareOnceAndNamesInTwoStores() throws Exception {
    InMemoryStore shared = new InMemoryStore("/store");
    InMemoryProvider files = InMemoryProvider.files("files", shared);
    InMemoryProvider other = InMemoryProvider.files("other", shared);
    InMemoryProvider far = InMemoryProvider.files("far", new InMemoryStore("/elsewhere"));
    for (InMemoryProvider each : List.of(files, other, far)) {
      each.find(new StoreFinding(StoreFinding.Severity.OK, "region orders", "fine"));
    }
    files.allocate(RegionRequest.ofSize(64).withName("orders")).close();
    far.allocate(RegionRequest.ofSize(64).withName("orders")).close();
    try (GogoShell shell = new GogoShell(files, other)) {
      String one = shell.run("verify");
      assertEquals(2, one.lines().count(), one); // the heading too
      assertTrue(one.contains("files,other"), one);
    }
    try (GogoShell shell = new GogoShell(files, far)) {
      String two = shell.run("verify");
      assertTrue(
          two.contains("stands in 2 stores: /store/orders.region, /elsewhere/orders.region"), two);
      assertTrue(two.contains("WARNING"), two);
    }
  }
}
