/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.measure.compare.ComparisonPlan.Policies;
import org.dmalloc.measure.compare.child.ContenderSubject.Kind;
import org.dmalloc.measure.compare.setup.KernelSetting;
import org.jspecify.annotations.Nullable;

/** Derives the contenders from the capabilities of the available providers. */
final class ContenderList {
  static final String ALL = "all";
  static final String LIBRARY_HEAP = "malloc";
  static final String HEAP = "heap";
  static final String BUDGET = "budget";
  static final String BUFFER_POOL = "buffer-pool";

  private static final List<SwapPolicy> DISTINCT_POLICIES =
      List.of(SwapPolicy.KERNEL, SwapPolicy.NO_READ_AHEAD);

  /** NEVER cannot exceed RAM. NOW and PREFAULT act once and then leave KERNEL. */
  private static final List<SwapPolicy> ALL_POLICIES =
      List.of(
          SwapPolicy.KERNEL,
          SwapPolicy.READ_AHEAD,
          SwapPolicy.NO_READ_AHEAD,
          SwapPolicy.EARLY,
          SwapPolicy.HUGE_PAGES,
          SwapPolicy.NO_HUGE_PAGES);

  /**
   * Contenders that differ too little from another to be measured unless the user names them. A
   * shared mapping of /dev/zero and a memfd are both files of the kernel's own tmpfs. tmpfs reads
   * clusters from swap with any advice; the advice only selects what is swapped out. The kernel's
   * limit drops the pages of a file as a budget does.
   */
  private static final Map<String, String> ALIKE =
      new TreeMap<>(
          Map.of(
              "anon-zero",
              "anon-memfd",
              "anon-memfd:no-read-ahead",
              "anon-memfd:kernel",
              "panama:budget",
              "panama:auto"));

  private ContenderList() {}

  /** The names that a plan leaves out, each with the name of the contender that it resembles. */
  static Map<String, String> leftOut(ComparisonPlan plan) {
    return plan.choice().contenders().isEmpty() ? ALIKE : Map.of();
  }

  static List<Contender> of(
      ComparisonPlan plan, List<ProviderSource> providers, @Nullable String readAheadFile) {
    List<Contender> base = new ArrayList<>();
    boolean budgetTaken = false;
    for (ProviderSource provider : providers) {
      if (provider.family() == Family.FILE) {
        addFile(base, provider);
      } else {
        addAnonymous(base, provider, plan.variants().policies());
        if (!budgetTaken && provider.capabilities().contains(Capability.RESIDENT_BUDGET)) {
          base.add(make(provider, BUDGET, null, null, false, true));
          budgetTaken = true;
        }
      }
    }
    heap(providers).ifPresent(base::add);
    base.add(Contender.without(LIBRARY_HEAP, Family.SWAP, Kind.LIBRARY_HEAP));
    base.add(Contender.without(BUFFER_POOL, Family.POOL, Kind.BUFFER_POOL));
    for (String name : plan.choice().contenders()) {
      if (base.stream().noneMatch(contender -> isChosen(contender, name))) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "no contender '%s'; choose from %s, or all",
                name,
                String.join(", ", base.stream().map(Contender::id).toList())));
      }
    }
    List<Contender> chosen =
        base.stream()
            .filter(
                plan.choice().contenders().isEmpty()
                    ? c -> ALIKE.keySet().stream().noneMatch(c::isNamed)
                    : c -> plan.choice().contenders().stream().anyMatch(name -> isChosen(c, name)))
            .toList();
    return swept(chosen, plan, readAheadFile);
  }

  /** A heap in a file, with advice where that can be given: blocks are used at random. */
  private static Optional<Contender> heap(List<ProviderSource> providers) {
    return providers.stream()
        .filter(provider -> provider.family() == Family.FILE)
        .max(Comparator.comparing(ContenderList::isAdvised))
        .map(
            provider ->
                new Contender(
                    HEAP,
                    Family.FILE,
                    Kind.HEAP,
                    provider,
                    isAdvised(provider) ? AccessPattern.RANDOM.name() : null,
                    null,
                    false,
                    false,
                    Map.of()));
  }

  private static boolean isAdvised(ProviderSource provider) {
    return provider.capabilities().contains(Capability.ADVICE);
  }

  private static boolean isChosen(Contender contender, String name) {
    return name.equals(ALL) || contender.isNamed(name);
  }

  private static void addFile(List<Contender> list, ProviderSource provider) {
    boolean advised = isAdvised(provider);
    if (advised) {
      for (AccessPattern pattern : AccessPattern.values()) {
        list.add(
            make(provider, Contender.label(pattern.name()), pattern.name(), null, false, false));
      }
    } else {
      list.add(make(provider, "", null, null, false, false));
    }
    if (provider.capabilities().contains(Capability.PREFETCH)) {
      @Nullable String pattern = advised ? AccessPattern.RANDOM.name() : null;
      list.add(make(provider, "batched", pattern, null, true, false));
    }
    if (provider.capabilities().contains(Capability.RESIDENT_BUDGET)) {
      list.add(make(provider, BUDGET, null, null, false, true));
    }
  }

  private static void addAnonymous(
      List<Contender> list, ProviderSource provider, Policies policies) {
    if (!provider.capabilities().contains(Capability.SWAP_POLICY)) {
      list.add(make(provider, "", null, null, false, false));
    } else {
      for (SwapPolicy policy : policies == Policies.ALL ? ALL_POLICIES : DISTINCT_POLICIES) {
        list.add(make(provider, Contender.label(policy.name()), null, policy.name(), false, false));
      }
    }
    if (provider.capabilities().contains(Capability.PREFETCH)
        && list.stream().noneMatch(c -> c.announced() && c.family() == Family.SWAP)) {
      list.add(make(provider, "batched", null, null, true, false));
    }
  }

  private static Contender make(
      ProviderSource provider,
      String variant,
      @Nullable String pattern,
      @Nullable String policy,
      boolean announced,
      boolean budgeted) {
    return new Contender(
        variant.isEmpty() ? provider.name() : provider.name() + ":" + variant,
        provider.family(),
        Kind.PROVIDER,
        provider,
        pattern,
        policy,
        announced,
        budgeted,
        Map.of());
  }

  /** Repeats each contender under each value of the settings that matter to it. */
  private static List<Contender> swept(
      List<Contender> contenders, ComparisonPlan plan, @Nullable String readAheadFile) {
    List<Contender> all = new ArrayList<>();
    for (Contender contender : contenders) {
      @Nullable String file =
          switch (contender.family()) {
            case FILE -> readAheadFile;
            case SWAP -> KernelSetting.PAGE_CLUSTER;
            case POOL -> null;
          };
      List<Integer> values =
          contender.family() == Family.SWAP
              ? plan.variants().pageClusters()
              : plan.variants().readAheadKib();
      if (file == null || values.isEmpty()) {
        all.add(contender);
      } else {
        values.forEach(value -> all.add(contender.under(file, String.valueOf(value))));
      }
    }
    return all;
  }
}
