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

  @Nested
  public class Lifecycle extends LifecycleContract {}

  @Nested
  public class Content extends ContentContract {}

  @Nested
  public class Section extends SectionContract {}

  @Nested
  public class Refusal extends RefusalContract {}

  @Nested
  public class Interrupt extends InterruptContract {}

  @Nested
  public class Store extends StoreContract {}

  @Nested
  public class Names extends NamesContract {}

  @Nested
  public class Sharing extends SharingContract {}

  @Nested
  public class SecondJvm extends ProcessContract {}

  @Nested
  public class ProcessShared extends ProcessSharedContract {}

  @Nested
  public class Paging extends PagingContract {}

  @Nested
  public class Growth extends GrowthContract {}

  @Nested
  public class SelfGrowth extends AutogrowthContract {}

  @Nested
  public class Batch extends BatchContract {}

  @Nested
  public class Eviction extends EvictionContract {}

  @Nested
  public class Punching extends PunchContract {}

  @Nested
  public class FreedBytes extends FreedBytesContract {}

  @Nested
  public class Protection extends ProtectionContract {}

  @Nested
  public class Snapshots extends SnapshotContract {}

  @Nested
  public class CheckedSections extends CheckedSectionsContract {}

  @Nested
  public class Checkpoints extends CheckpointContract {}

  @Nested
  public class Tokens extends TokenContract {}
}
