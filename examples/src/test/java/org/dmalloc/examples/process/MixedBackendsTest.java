/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.process;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.testkit.ProcessSharedContract;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.junit.jupiter.api.Nested;

/** One region in several JVMs, some of which have it by panama, and some by filechannel. */
class MixedBackendsTest {
  @Nested
  class PanamaBesideFileChannel extends ProcessSharedContract {
    @Override
    protected ProviderFixture fixture() {
      return new Panama();
    }
  }

  @Nested
  class FileChannelBesidePanama extends ProcessSharedContract {
    @Override
    protected ProviderFixture fixture() {
      return new FileChannel();
    }
  }

  /** A backend here, whose other JVMs have another one. */
  abstract static class Mixed implements ProviderFixture {
    private final String backend;
    private final Class<?> there;
    private final Map<MemoryProvider, Dmalloc> started = new ConcurrentHashMap<>();

    Mixed(String backend, Class<?> there) {
      this.backend = backend;
      this.there = there;
    }

    @Override
    public MemoryProvider start(ProviderSettings settings) {
      Dmalloc dmalloc = Dmalloc.open(Map.of("directory", settings.directory().toString()));
      MemoryProvider provider = dmalloc.provider(backend);
      started.put(provider, dmalloc);
      return provider;
    }

    @Override
    public void stop(MemoryProvider provider) {
      Optional.ofNullable(started.remove(provider)).orElseThrow().close();
    }

    @Override
    public Optional<String> childFixture() {
      return Optional.of(there.getName());
    }
  }

  /** For a second JVM too. */
  public static final class Panama extends Mixed {
    /** Panama here. */
    public Panama() {
      super("panama", FileChannel.class);
    }
  }

  /** For a second JVM too. */
  public static final class FileChannel extends Mixed {
    /** Filechannel here. */
    public FileChannel() {
      super("filechannel", Panama.class);
    }
  }
}
