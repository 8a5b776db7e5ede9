/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.shell.syntax.UsageException;

/**
 * Finds the region that a user means by an id, a name, or a result of another command. A stored
 * region that is not open is opened for the one command, and closed again.
 */
public final class RegionLookup {
  private static final String OWNER = "dmalloc shell";

  private final Providers providers;

  /** Looks among the given providers. */
  public RegionLookup(Providers providers) {
    this.providers = providers;
  }

  /**
   * A region for the time of one command.
   *
   * @param region the region
   * @param borrowed whether somebody else keeps it open
   */
  public record Lease(MemoryRegion region, boolean borrowed) implements AutoCloseable {
    /** Closes what was opened for this command. */
    @Override
    public void close() {
      if (!borrowed) {
        region.close();
      }
    }

    /** How to name the region to the user: its name, or its id. */
    public String label() {
      return RegionLookup.label(region.info());
    }
  }

  /** How to name a region to the user. */
  public static String label(RegionInfo info) {
    String name = info.name();
    return name == null ? "region " + info.id() : name;
  }

  /**
   * The open region that is meant.
   *
   * @throws UsageException if there is none; the message gives the next step
   */
  public MemoryRegion open(Object reference) {
    return findOpen(reference).orElseThrow(() -> notOpen(reference));
  }

  /**
   * The region that is meant, opened if it is only stored.
   *
   * @param access how to open it then
   */
  public Lease lease(Object reference, AccessMode access) throws MemoryException {
    Optional<MemoryRegion> open = findOpen(reference);
    if (open.isPresent()) {
      return new Lease(open.get(), true);
    }
    String name = word(reference);
    if (isId(name)) {
      throw notOpen(reference);
    }
    MemoryProvider provider = providerOf(name);
    OpenRequest request = OpenRequest.of(name).withOwner(OWNER);
    if (access == AccessMode.READ_ONLY && provider.capabilities().contains(Capability.READ_ONLY)) {
      request = request.readOnly();
    }
    return new Lease(provider.open(request), false);
  }

  /**
   * The best provider that has a region of this name in its store.
   *
   * @throws UsageException if none has it
   */
  public MemoryProvider providerOf(String name) throws MemoryException {
    RegionNames.check(name);
    List<MemoryProvider> named = providers.with(Capability.NAMED);
    for (MemoryProvider provider : named) {
      if (provider.stored().stream().map(StoredRegion::name).anyMatch(name::equals)) {
        return provider;
      }
    }
    throw new UsageException(
        String.format(
            Locale.ROOT,
            "no region '%s', neither open nor stored; see 'regions' and 'stored'",
            name));
  }

  private Optional<MemoryRegion> findOpen(Object reference) {
    String word = word(reference);
    return providers.regions().stream()
        .filter(r -> isId(word) ? r.id() == id(word) : word.equals(r.info().name()))
        .findFirst();
  }

  private static UsageException notOpen(Object reference) {
    String word = word(reference);
    return new UsageException(
        isId(word)
            ? String.format(Locale.ROOT, "no region %s is open; see 'regions'", word)
            : String.format(
                Locale.ROOT, "region '%s' is not open; see 'regions' and 'stored'", word));
  }

  private static String word(Object reference) {
    return switch (reference) {
      case MemoryRegion region -> Long.toString(region.id());
      case RegionInfo info -> Long.toString(info.id());
      case RegionOpened opened -> Long.toString(opened.info().id());
      default -> reference.toString();
    };
  }

  private static boolean isId(String word) {
    return !word.isEmpty() && word.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static long id(String word) {
    try {
      return Long.parseLong(word);
    } catch (NumberFormatException e) {
      return -1; // more digits than any id has
    }
  }
}
