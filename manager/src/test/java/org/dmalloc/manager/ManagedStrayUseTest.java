/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.nio.file.Path;
import org.dmalloc.testkit.StrayUse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManagedStrayUseTest {
  @Test
  void ofAClosedRegionIsAnError(@TempDir Path directory) throws Exception {
    StrayUse.isAnError(ManagedFixture.class, directory);
  }
}
