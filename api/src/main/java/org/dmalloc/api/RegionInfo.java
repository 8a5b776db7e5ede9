/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of what a region is.
 *
 * @param id its number in this container
 * @param name its name in the store; null for an unnamed region
 * @param backend the {@linkplain MemoryProvider#name() name} of its provider
 * @param byteSize its size in bytes
 * @param length how many of them are {@linkplain MemoryRegion#length() in use}
 * @param open whether it is still open
 * @param options its attributes as they are now, which may be less than was asked for
 * @param path its file; for a memfd the path under {@code /proc} by which other processes of this
 *     user can map it while it is open; null where there is neither
 * @param backing what holds its bytes, in words: {@code ext4 file}, {@code memfd, swap} …
 * @param mapping how it is mapped: the flags that mmap(2) got, {@code MAP_SHARED | MAP_FIXED}, or
 *     the call of Java that was made, {@code FileChannel.map READ_WRITE}; empty where it is memory
 *     of another kind, as of an {@link java.lang.foreign.Arena}
 * @param createdAt when it was allocated or opened in this process
 * @param openSections access sections open now
 * @param pinned whether its raw segment was handed out
 * @param writeBackFailure how much is not proven to be in the file since a write-back failed, and
 *     the error of that, in words; null if all is well. {@link MemoryRegion#force()} proves it
 * @param capabilities what it can do where it lies now. A region that moves may gain and lose some,
 *     but for those that its request {@linkplain RegionAttributes.Refinable#requiring required};
 *     empty while no backend holds it
 */
public record RegionInfo(
    long id,
    @Nullable String name,
    String backend,
    long byteSize,
    long length,
    boolean open,
    RegionOptions options,
    @Nullable Path path,
    String backing,
    String mapping,
    Instant createdAt,
    int openSections,
    boolean pinned,
    @Nullable String writeBackFailure,
    Set<Capability> capabilities)
    implements RegionAttributes {
  public RegionInfo {
    capabilities = RegionOptions.copyOf(capabilities);
  }
}
