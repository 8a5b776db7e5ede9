/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of what a region is.
 *
 * @param id its number in this container
 * @param name its name in the store; null for an unnamed region
 * @param backend the {@linkplain MemoryProvider#name() name} of its provider
 * @param byteSize its size in bytes
 * @param open whether it is still open
 * @param sharing never {@link Sharing#DEFAULT}
 * @param access whether it may be written
 * @param pattern the access pattern that it was opened with or that was last advised for all of it
 * @param pageSize the page size asked for
 * @param locked whether its pages are locked in RAM
 * @param durability what makes its stores durable, as it really is
 * @param reservation when its disk space is taken
 * @param policies the swap policies in force
 * @param path its file; for a memfd the path under {@code /proc} by which other processes of this
 *     user can map it while it is open; null where there is neither
 * @param backing what holds its bytes, in words: {@code ext4 file}, {@code memfd, swap} …
 * @param owner the owner that the request named; null if it named none
 * @param createdAt when it was allocated or opened in this process
 * @param openSections access sections open now
 * @param pinned whether its raw segment was handed out
 * @param residentBudget bytes that it may have in RAM; {@link RegionRequest#NO_BUDGET} for no bound
 * @param writeBackFailure how much is not proven to be in the file since a write-back failed, and
 *     the error of that, in words; null if all is well. {@link MemoryRegion#force()} proves it
 * @param capabilities what it can do where it lies now. A region that moves may gain and lose some,
 *     but for those that its request {@linkplain RegionRequest#requiring required}; empty while no
 *     backend holds it
 */
public record RegionInfo(
    long id,
    @Nullable String name,
    String backend,
    long byteSize,
    boolean open,
    Sharing sharing,
    AccessMode access,
    AccessPattern pattern,
    PageSize pageSize,
    boolean locked,
    Durability durability,
    Reservation reservation,
    Set<SwapPolicy> policies,
    @Nullable Path path,
    String backing,
    @Nullable String owner,
    Instant createdAt,
    int openSections,
    boolean pinned,
    long residentBudget,
    @Nullable String writeBackFailure,
    Set<Capability> capabilities) {
  /** Copies the sets. */
  public RegionInfo {
    policies =
        policies.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(policies));
    capabilities =
        capabilities.isEmpty()
            ? Set.of()
            : Collections.unmodifiableSet(EnumSet.copyOf(capabilities));
  }
}
