/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonResultTest {
  record Inner(int number, Path path) {}

  record Outer(String text, @Nullable String absent, double ratio, List<Inner> inner) {}

  @Test
  void recordsAreObjectsWithTheirComponentsInOrder() {
    Outer value =
        new Outer(
            "a\"b\\c\n\u0001é\ud83d\ude00", null, Double.NaN, List.of(new Inner(1, Path.of("/a"))));
    assertEquals(
        """
        {
          "text": "a\\"b\\\\c\\n\\u0001é😀",
          "absent": null,
          "ratio": null,
          "inner": [
            {
              "number": 1,
              "path": "/a"
            }
          ]
        }""",
        new JsonResult(value).text());
  }

  @Test
  void plainValuesAreWrittenAsTheyAre() {
    assertEquals(
        "[\n  1,\n  2.5,\n  true,\n  null\n]",
        new JsonResult(Arrays.asList(1, 2.5, true, null)).text());
    assertEquals("[]", new JsonResult(List.of()).text());
    assertEquals("{\n  \"k\": \"v\"\n}", new JsonResult(Map.of("k", "v")).text());
    assertEquals("{}", new JsonResult(Map.of()).text());
  }
}
