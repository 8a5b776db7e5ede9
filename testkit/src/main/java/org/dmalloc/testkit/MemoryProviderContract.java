/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import org.junit.jupiter.api.Nested;

/**
 * The whole contract. A provider's test extends it and supplies the fixture; every theme is also a
 * class of its own, for a provider that wants to run one.
 */
public abstract class MemoryProviderContract {
  /** The fixture of the provider under test; asked once a test. */
  protected abstract ProviderFixture fixture();

  /** From allocation to close, and what the books say. */
  @Nested
  public class Lifecycle extends LifecycleContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Bytes, sizes and alignment. */
  @Nested
  public class Content extends ContentContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Access sections, pinning, and close against both. */
  @Nested
  public class Section extends SectionContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** What must be refused, and leave nothing. */
  @Nested
  public class Refusal extends RefusalContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Interrupted threads. */
  @Nested
  public class Interrupt extends InterruptContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Named regions. */
  @Nested
  public class Store extends StoreContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Private copies, read-only opens and several openers. */
  @Nested
  public class Sharing extends SharingContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Named regions and a second JVM. */
  @Nested
  public class SecondJvm extends ProcessContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Force, advice, policies, prefetch, residency, resize. */
  @Nested
  public class Paging extends PagingContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Scattered records in batches. */
  @Nested
  public class Batch extends BatchContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Release and resident budgets. */
  @Nested
  public class Eviction extends EvictionContract {
    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }
}
