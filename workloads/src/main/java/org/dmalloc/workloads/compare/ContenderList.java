/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.workloads.compare.ComparisonPlan.Policies;
import org.dmalloc.workloads.compare.child.ChildTask;
import org.dmalloc.workloads.compare.setup.KernelSetting;
import org.jspecify.annotations.Nullable;

/** Derives the contenders from the providers that are there, by what each declares. */
final class ContenderList {
  static final String LIBRARY_HEAP = "malloc";
  static final String BUDGET = "budget";
  static final String BUFFER_POOL = "buffer-pool";

  private static final List<SwapPolicy> DISTINCT_POLICIES =
      List.of(SwapPolicy.KERNEL, SwapPolicy.NO_READ_AHEAD);

  /** NEVER cannot hold more than RAM, and NOW and PREFAULT act once and leave KERNEL. */
  private static final List<SwapPolicy> ALL_POLICIES =
      List.of(
          SwapPolicy.KERNEL,
          SwapPolicy.READ_AHEAD,
          SwapPolicy.NO_READ_AHEAD,
          SwapPolicy.EARLY,
          SwapPolicy.HUGE_PAGES,
          SwapPolicy.NO_HUGE_PAGES);

  private ContenderList() {}

  /** All contenders of a plan. */
  static List<Contender> of(
      ComparisonPlan plan, List<ProviderSource> providers, @Nullable String readAheadFile) {
    List<Contender> base = new ArrayList<>();
    boolean budgetTaken = false;
    for (ProviderSource provider : providers) {
      if (provider.family() == Family.FILE) {
        addFile(base, provider);
      } else {
        addAnonymous(base, provider, plan.policies());
        if (!budgetTaken && provider.advice().contains(Advice.PAGE_OUT)) {
          base.add(make(provider, BUDGET, null, null, false, true));
          budgetTaken = true;
        }
      }
    }
    base.add(
        new Contender(
            LIBRARY_HEAP,
            Family.SWAP,
            ChildTask.Kind.LIBRARY_HEAP,
            null,
            null,
            null,
            false,
            false,
            Map.of()));
    base.add(
        new Contender(
            BUFFER_POOL,
            Family.POOL,
            ChildTask.Kind.BUFFER_POOL,
            null,
            null,
            null,
            false,
            false,
            Map.of()));
    List<Contender> chosen = base.stream().filter(c -> isChosen(c, plan.contenders())).toList();
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException(
          "no contender %s; choose from %s"
              .formatted(
                  String.join(", ", plan.contenders()),
                  String.join(", ", base.stream().map(Contender::id).toList())));
    }
    return swept(chosen, plan, readAheadFile);
  }

  private static boolean isChosen(Contender contender, List<String> names) {
    return names.isEmpty()
        || names.stream()
            .anyMatch(name -> contender.id().equals(name) || contender.id().startsWith(name + ":"));
  }

  private static void addFile(List<Contender> list, ProviderSource provider) {
    if (!provider.capabilities().contains(Capability.ADVICE)) {
      list.add(make(provider, "", null, null, false, false));
      return;
    }
    for (AccessPattern pattern : AccessPattern.values()) {
      list.add(make(provider, Contender.label(pattern.name()), pattern.name(), null, false, false));
    }
    if (provider.capabilities().contains(Capability.PREFETCH)) {
      list.add(make(provider, "batched", AccessPattern.RANDOM.name(), null, true, false));
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
        ChildTask.Kind.PROVIDER,
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
      if (contender.family() == Family.SWAP && !plan.pageClusters().isEmpty()) {
        for (int value : plan.pageClusters()) {
          all.add(contender.under(KernelSetting.PAGE_CLUSTER, String.valueOf(value)));
        }
      } else if (contender.family() == Family.FILE
          && !plan.readAheadKib().isEmpty()
          && readAheadFile != null) {
        for (int value : plan.readAheadKib()) {
          all.add(contender.under(readAheadFile, String.valueOf(value)));
        }
      } else {
        all.add(contender);
      }
    }
    return all;
  }
}
