/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

class WordsTest {
  @Test
  void whatTheExampleKeepsIsThereAgain() throws Exception {
    MemoryProvider memory =
        InMemoryProvider.of("memory", Capability.NAMED, Capability.GROW_IN_PLACE);
    HeapService heaps = HeapService.load();
    new Words(memory, heaps).keep();
    try (MemoryRegion region = memory.open(OpenRequest.of("words"));
        Heap heap = heaps.open(region, HeapOptions.DEFAULT);
        Access access = region.acquire()) {
      long block = heap.root("greeting").orElseThrow();
      assertEquals("hello", heap.segment(access, block).getString(0));
    }
  }

  @Test
  void thePageShowsWhatIsCompiled() throws Exception {
    String source =
        Files.readString(
            Path.of("src", "test", "java", "org", "dmalloc", "heap", "examples", "Words.java"));
    String example = source.substring(source.indexOf("@Component\n"));
    String page = Files.readString(Path.of("..", "docs", "heap.md"));
    assertTrue(page.contains("```java\n" + example + "```"), example);
  }
}
