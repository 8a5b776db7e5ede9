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
    /** Made by JUnit. */
    public Lifecycle() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Bytes, sizes and alignment. */
  @Nested
  public class Content extends ContentContract {
    /** Made by JUnit. */
    public Content() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Access sections, pinning, and close against both. */
  @Nested
  public class Section extends SectionContract {
    /** Made by JUnit. */
    public Section() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** What must be refused, and leave nothing. */
  @Nested
  public class Refusal extends RefusalContract {
    /** Made by JUnit. */
    public Refusal() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Interrupted threads. */
  @Nested
  public class Interrupt extends InterruptContract {
    /** Made by JUnit. */
    public Interrupt() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Named regions. */
  @Nested
  public class Store extends StoreContract {
    /** Made by JUnit. */
    public Store() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Private copies, read-only opens and several openers. */
  @Nested
  public class Sharing extends SharingContract {
    /** Made by JUnit. */
    public Sharing() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Named regions and a second JVM. */
  @Nested
  public class SecondJvm extends ProcessContract {
    /** Made by JUnit. */
    public SecondJvm() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Force, advice, policies, prefetch, residency, resize. */
  @Nested
  public class Paging extends PagingContract {
    /** Made by JUnit. */
    public Paging() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Scattered records in batches. */
  @Nested
  public class Batch extends BatchContract {
    /** Made by JUnit. */
    public Batch() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }

  /** Release and resident budgets. */
  @Nested
  public class Eviction extends EvictionContract {
    /** Made by JUnit. */
    public Eviction() {}

    @Override
    protected ProviderFixture fixture() {
      return MemoryProviderContract.this.fixture();
    }
  }
}
