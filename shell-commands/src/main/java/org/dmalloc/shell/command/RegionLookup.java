/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * Finds the region for an id, a name, or a result of another command. A stored region that is not
 * open is opened for the one command, and closed again.
 *
 * <p>A name may be given as it is or as listings show it. An ambiguous name is rejected, and the
 * message says how to choose.
 */
public final class RegionLookup {
  private static final String OWNER = "dmalloc shell";

  private final Providers providers;

  public RegionLookup(Providers providers) {
    this.providers = providers;
  }

  /** A region for the time of one command. A borrowed one is open for somebody else too. */
  public record Lease(MemoryRegion region, boolean borrowed) implements AutoCloseable {
    /** Closes the region unless it is borrowed. */
    @Override
    public void close() {
      if (!borrowed) {
        region.close();
      }
    }

    public String label() {
      return RegionLookup.label(region.info());
    }
  }

  /** The user's name for a region: its name, or its id. */
  public static String label(RegionInfo info) {
    String name = info.name();
    return name == null ? "region " + info.id() : name;
  }

  /**
   * The referenced open region; {@link UsageException} with the next step unless there is exactly
   * one.
   */
  public MemoryRegion open(Object reference) {
    List<ProviderFault> faults = new ArrayList<>();
    return findOpen(reference, null, faults).orElseThrow(() -> notOpen(reference, faults));
  }

  /**
   * The referenced region, opened with {@code access} if it is only stored.
   *
   * @param backend the backend that holds it, or whose store does; null for any
   */
  public Lease lease(Object reference, AccessMode access, @Nullable String backend)
      throws MemoryException {
    List<ProviderFault> faults = new ArrayList<>();
    Optional<MemoryRegion> open = findOpen(reference, backend, faults);
    if (open.isPresent()) {
      return new Lease(open.get(), true);
    }
    if (isId(word(reference))) {
      throw notOpen(reference, faults);
    }
    Backend.Stored stored = stored(word(reference), backend, null);
    OpenRequest request = OpenRequest.of(stored.region().name()).withOwner(OWNER);
    if (access == AccessMode.READ_ONLY && stored.backend().can(Capability.READ_ONLY)) {
      request = request.readOnly();
    }
    return new Lease(stored.backend().open(request), false);
  }

  /** The open region of that name or id, if there is one; {@code backend} null for any. */
  public Optional<MemoryRegion> ifOpen(Object reference, @Nullable String backend) {
    return findOpen(reference, backend, new ArrayList<>());
  }

  /**
   * The one region of this name in the stores, with the best backend that has it.
   *
   * @param backend the backend of the store; null for all
   * @param directory another than the stores' own; null for these
   * @throws UsageException if there is none, or several
   */
  public Backend.Stored stored(String word, @Nullable String backend, @Nullable Path directory)
      throws MemoryException {
    List<Exception> refusals = new ArrayList<>();
    Map<Path, List<Backend.Stored>> files =
        providers.stored(backend, directory, refusals::add).stream()
            .filter(stored -> means(word, stored.region().name()))
            .collect(
                Collectors.groupingBy(
                    stored -> stored.region().path(), LinkedHashMap::new, Collectors.toList()));
    if (files.size() > 1) {
      throw storedTwice(word, files);
    }
    if (files.isEmpty()) {
      RegionNames.check(word);
      if (directory != null) {
        throw UsageException.of(
            "no region '%s' is stored in %s; see 'stored --directory %2$s'%s",
            word, directory, alsoAsked(refusals));
      }
      throw UsageException.of(
          "no region '%s', neither open nor stored%s; see 'regions' and 'stored'%s%s",
          word,
          backend == null ? "" : " by " + backend,
          alsoAsked(refusals),
          backend == null ? unseen() : "");
    }
    return best(files.values().iterator().next());
  }

  /** The first one, but of a checkpointed region the first that makes checkpoints. */
  private static Backend.Stored best(List<Backend.Stored> candidates) {
    Backend.Stored first = candidates.getFirst();
    return first.region().checkpointed()
        ? candidates.stream()
            .filter(each -> each.backend().can(Capability.CHECKPOINT))
            .findFirst()
            .orElse(first)
        : first;
  }

  private String unseen() {
    return providers.unseenStores().stream()
        .map(failed -> "; " + failed.message())
        .collect(Collectors.joining());
  }

  private UsageException storedTwice(String word, Map<Path, List<Backend.Stored>> files) {
    String places =
        files.entrySet().stream()
            // The last one, because the first may be a backend that stands for several.
            .map(f -> providers.name(f.getValue().getLast().backend()) + " (" + f.getKey() + ")")
            .collect(Collectors.joining(", "));
    return UsageException.of(
        "'%s' is in %d stores: %s; choose one by -b", word, files.size(), places);
  }

  private static String alsoAsked(List<? extends Exception> refusals) {
    return refusals.isEmpty()
        ? ""
        : refusals.stream()
            .map(e -> String.valueOf(e.getMessage()))
            .collect(Collectors.joining("; ", "; not all could be asked: ", ""));
  }

  private Optional<MemoryRegion> findOpen(
      Object reference, @Nullable String backend, List<ProviderFault> faults) {
    String word = word(reference);
    @Nullable Backend on = backend == null ? null : providers.choose(backend);
    List<Backend.Open> found =
        providers.regions(faults::add).stream()
            .filter(r -> isId(word) ? r.info().id() == id(word) : means(word, r.info().name()))
            .filter(r -> on == null || providers.isOn(on, r))
            .toList();
    if (found.size() > 1) {
      throw UsageException.of(
          "%d open regions are named '%s': %s; give the id",
          found.size(),
          word,
          found.stream()
              .map(r -> r.info().id() + " on " + providers.place(r.info()))
              .collect(Collectors.joining(", ")));
    }
    return found.stream().map(Backend.Open::region).findFirst();
  }

  /** Whether a word is the name, or the form of it in listings. */
  private static boolean means(String word, @Nullable String name) {
    return name != null && (word.equals(name) || word.equals(VisibleText.of(name)));
  }

  private static UsageException notOpen(Object reference, List<ProviderFault> faults) {
    String word = word(reference);
    return new UsageException(
        (isId(word)
                ? "no region " + word + " is open; see 'regions'"
                : "region '" + word + "' is not open; see 'regions' and 'stored'")
            + alsoAsked(faults));
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
