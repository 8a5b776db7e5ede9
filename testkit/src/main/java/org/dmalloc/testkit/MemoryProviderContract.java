/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import org.junit.jupiter.api.Nested;

/**
 * The whole contract. A provider's test extends it and supplies the fixture. Every theme is a class
 * of its own, for a provider that wants to run one: it overrides {@code fixture} then.
 */
public abstract class MemoryProviderContract {
  /** The fixture of the provider under test; asked once a test. */
  protected abstract ProviderFixture fixture();

  /** From allocation to close, and what the books say. */
  @Nested
  public class Lifecycle extends LifecycleContract {}

  /** Bytes, sizes and alignment. */
  @Nested
  public class Content extends ContentContract {}

  /** Access sections, pinning, and close against both. */
  @Nested
  public class Section extends SectionContract {}

  /** What must be refused, and leave nothing. */
  @Nested
  public class Refusal extends RefusalContract {}

  /** Interrupted threads. */
  @Nested
  public class Interrupt extends InterruptContract {}

  /** Named regions. */
  @Nested
  public class Store extends StoreContract {}

  /** Private copies, read-only opens and several openers. */
  @Nested
  public class Sharing extends SharingContract {}

  /** Named regions and a second JVM. */
  @Nested
  public class SecondJvm extends ProcessContract {}

  /** Force, advice, policies, prefetch, residency, resize. */
  @Nested
  public class Paging extends PagingContract {}

  /** Scattered records in batches. */
  @Nested
  public class Batch extends BatchContract {}

  /** Release and resident budgets. */
  @Nested
  public class Eviction extends EvictionContract {}
}
