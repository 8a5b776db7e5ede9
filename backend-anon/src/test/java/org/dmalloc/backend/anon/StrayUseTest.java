/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.nio.file.Path;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.dmalloc.testkit.StrayUse;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrayUseTest {
  /** One that a second JVM can make. */
  abstract static class Fixture implements ProviderFixture {
    private final SourceFixture source;

    Fixture(MemorySource source) {
      this.source = new SourceFixture(source);
    }

    @Override
    public MemoryProvider start(ProviderSettings settings) {
      return source.start(settings);
    }

    @Override
    public void stop(MemoryProvider provider) {
      source.stop(provider);
    }
  }

  /** Used by the second JVM. */
  public static final class Private extends Fixture {
    public Private() {
      super(MemorySource.PRIVATE);
    }
  }

  /** Used by the second JVM. */
  public static final class Memfd extends Fixture {
    public Memfd() {
      super(MemorySource.MEMFD);
    }
  }

  /** Used by the second JVM. */
  public static final class Zero extends Fixture {
    public Zero() {
      super(MemorySource.ZERO);
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {Private.class, Memfd.class, Zero.class})
  void ofAClosedRegionIsAnError(Class<? extends ProviderFixture> fixture, @TempDir Path directory)
      throws Exception {
    StrayUse.isAnError(fixture, directory);
  }
}
