/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.backing.OrphanedRegions;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A source of memory regions, registered as an OSGi service by each backend.
 *
 * <p>Service properties: {@value #BACKEND} is {@link #name()}; {@value #CAPABILITY} lists the names
 * of {@link #capabilities()}, so that a consumer can ask for what it needs:
 * {@code @Reference(target = "(dmalloc.capability=RESIZE)")}; {@code service.ranking} decides which
 * provider a plain reference gets.
 *
 * <p><b>Life.</b> The backend owns the provider. When its bundle stops, {@code allocate}, {@code
 * open} and {@code delete} fail with {@link IllegalStateException}; regions that are open then stay
 * usable until their owners close them, and are listed by {@link OrphanedRegions}.
 *
 * <p><b>Threads.</b> All methods may be called from any thread, virtual ones included.
 *
 * <p><b>Failure.</b> A mistake of the caller is an unchecked exception; what the environment
 * refuses (space, permission, a damaged file) is a {@link MemoryException}. Nothing is left behind.
 */
@ProviderType
public interface MemoryProvider {
  /** Service property with the {@linkplain #name() name} of the provider. */
  String BACKEND = "dmalloc.backend";

  /** Service property with the names of the {@link #capabilities()}, a string array. */
  String CAPABILITY = "dmalloc.capability";

  /** The backend's name, unique in a container, such as {@code panama}. */
  String name();

  /**
   * What a request to this provider may ask for: each of these can be {@linkplain
   * RegionAttributes.Refinable#requiring required}, alone, and is refused by name if it is missing.
   *
   * <p>The regions of a provider of one kind of memory can do all of it for their whole life, and
   * the set never changes. A provider whose regions move answers for the backends that are there
   * now: a region of its has for life what its request asked for or required, and the rest as long
   * as it lies where that is; see {@link RegionInfo#capabilities()}.
   */
  Set<Capability> capabilities();

  /** What {@link MemoryRegion#advise} accepts; empty without {@link Capability#ADVICE}. */
  Set<Advice> supportedAdvice();

  /**
   * Allocates a region of zeroed memory. The caller owns it and must close it.
   *
   * @throws UnsupportedCapabilityException if the request needs what this provider lacks
   * @throws IllegalArgumentException if the request contradicts itself
   * @throws MemoryException if space, address space, a limit or the directory refuses it, if the
   *     name is taken, or if the thread is interrupted before or during a long reservation
   */
  MemoryRegion allocate(RegionRequest request) throws MemoryException;

  /**
   * Opens a named region that any file backend stored. The caller owns it and must close it.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#NAMED}, or as for {@link
   *     #allocate}
   * @throws MemoryException if there is no such region, or it is damaged, foreign, cut short,
   *     written by a newer version, or open elsewhere; the message says which
   */
  MemoryRegion open(OpenRequest request) throws MemoryException;

  /** Opens the named region read-write and shared: {@code open(OpenRequest.of(name))}. */
  default MemoryRegion open(String name) throws MemoryException {
    return open(OpenRequest.of(name));
  }

  /**
   * Gets a region that another process of the same user has open, by its {@linkplain
   * MemoryRegion#token() token}; it is process-shared here too.
   *
   * @param options how to map it
   * @throws MemoryException if the token leads to nothing: its process has ended or has closed the
   *     region, or is another user's; or what it leads to is not what the token was made for
   * @throws IllegalArgumentException if it is no token of this provider
   * @throws UnsupportedCapabilityException if this provider has no regions without a name that
   *     processes can share
   */
  default MemoryRegion attach(String token, RegionOptions options) throws MemoryException {
    throw new UnsupportedCapabilityException(name(), Capability.PROCESS_SHARED);
  }

  /**
   * The named regions in this provider's configured directory, damaged ones included, sorted by
   * name. Empty without {@link Capability#NAMED}.
   *
   * @throws MemoryException if the directory cannot be read
   */
  default List<StoredRegion> stored() throws MemoryException {
    return stored(null);
  }

  /**
   * The named regions in another directory, in which requests {@linkplain
   * RegionAttributes#directory() asked} for theirs; see {@link #stored()}.
   *
   * <p>For providers: this is the one listing, from which the other two come.
   *
   * @param directory null for the configured one
   * @throws MemoryException if there is no such directory, or it cannot be read
   */
  List<StoredRegion> stored(@Nullable Path directory) throws MemoryException;

  /**
   * The named region of that name, as {@link #stored(Path)} tells of it; empty if there is none.
   *
   * @param directory null for the configured one
   */
  default Optional<StoredRegion> stored(String name, @Nullable Path directory)
      throws MemoryException {
    RegionNames.check(name);
    return stored(directory).stream().filter(region -> region.name().equals(name)).findAny();
  }

  /** Deletes a stored region that nobody has open: {@link Deletion#DEFAULT}. */
  default void delete(String name) throws MemoryException {
    delete(name, Deletion.DEFAULT);
  }

  /**
   * Deletes a stored region for good, also one that cannot be opened because it is damaged.
   *
   * <p>One that goes {@linkplain Deletion#whileOpen() while it is open} loses its name at once,
   * which can be given to another region; whoever has it open goes on, and its space is free when
   * the last of them closes it. It is {@linkplain MemoryRegion#detached() detached}: nothing of it
   * can be opened again, so that its force writes, and then throws; nor can it be resized or
   * renamed.
   *
   * @throws IllegalArgumentException if the name is not {@linkplain RegionNames#check allowed}
   * @throws UnsupportedCapabilityException without {@link Capability#NAMED}
   * @throws MemoryException if there is no such region, if it is open, here or in another process,
   *     and may not go then, or if what has its name is no region's file; that is left as it is
   */
  default void delete(String name, Deletion how) throws MemoryException {
    throw new UnsupportedCapabilityException(name(), Capability.NAMED);
  }

  /**
   * Gives a stored region that nobody has open another name, atomically: there is one of the two
   * names at any time. Who has it open renames it by {@link MemoryRegion#rename}.
   *
   * @param directory the store directory of the region; null for the configured one
   * @throws UnsupportedCapabilityException without {@link Capability#NAMED}
   * @throws MemoryException if there is no such region, if it is open, if the new name is taken, or
   *     the file system refuses; the old name holds
   */
  default void rename(
      String name, String newName, NameDurability durability, @Nullable Path directory)
      throws MemoryException {
    throw new UnsupportedCapabilityException(name(), Capability.NAMED);
  }

  /**
   * Makes durable, for all regions of this provider at once, what {@link NameDurability#ON_FORCE}
   * put off: names that were given, changed and deleted, in all directories that it used, with the
   * sizes and lengths of the regions that have them, closed ones too. It may wait for content,
   * which is only by {@link MemoryRegion#force()} certain to be durable.
   *
   * @throws MemoryException if the device refuses
   */
  default void forceNames() throws MemoryException {}

  /**
   * The regions that were taken from this provider and are not closed yet, in the order of their
   * ids; without those that a carrier, which {@linkplain
   * org.dmalloc.api.backing.BackingProvider#allocate(RegionRequest, long) asked for them}, hands on
   * as regions of its own.
   */
  List<MemoryRegion> regions();

  /** Counts and bytes of this provider since it was activated. */
  ProviderStatistics statistics();

  /**
   * The quotas of this provider, its owners and its store that are set, and how much of each is
   * used, with the space of the file system below the store; empty where there is nothing of all
   * that. See {@link ResourceLimits}.
   */
  default List<ResourceUse> limits() {
    return List.of();
  }

  /** The cost of watching regions under {@link AccessPattern#AUTO}; empty if it watches none. */
  default Optional<PagingStatistics> paging() {
    return Optional.empty();
  }

  /**
   * Checks this provider's store and the file system below it. Reads only; a healthy store gives
   * findings of severity OK that name what was checked. Empty for providers without a store.
   *
   * @throws MemoryException if the directory cannot be read at all
   */
  List<StoreFinding> verify() throws MemoryException;
}
