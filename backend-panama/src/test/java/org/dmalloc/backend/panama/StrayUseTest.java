/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.nio.file.Path;
import org.dmalloc.testkit.StrayUse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StrayUseTest {
  @Test
  void ofAClosedRegionIsAnError(@TempDir Path directory) throws Exception {
    StrayUse.isAnError(PanamaFixture.class, directory);
  }
}
