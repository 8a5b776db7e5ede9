/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.Capability;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.compare.child.ContenderSubject.Kind;
import org.junit.jupiter.api.Test;

class TimeFitTest {
  private static final List<ProviderSource> PROVIDERS =
      List.of(
          provider(
              "panama",
              Capability.ADVICE,
              Capability.PREFETCH,
              Capability.NAMED,
              Capability.FORCE,
              Capability.RESIDENT_BUDGET),
          provider("filechannel", Capability.NAMED, Capability.FORCE),
          provider(
              "anon",
              Capability.ADVICE,
              Capability.SWAP_POLICY,
              Capability.PREFETCH,
              Capability.RESIDENT_BUDGET),
          provider("anon-memfd", Capability.ADVICE, Capability.SWAP_POLICY));

  private static ProviderSource provider(String name, Capability... capabilities) {
    return new ProviderSource(
        name, "example." + name, "", List.of(), Map.of(), Set.copyOf(Arrays.asList(capabilities)));
  }

  private static ComparisonPlan plan(int seconds) {
    return ComparisonPlan.of(2L << 30, 512L << 20, Path.of("/data"))
        .with(new ComparisonPlan.Effort(5, Duration.ofSeconds(seconds), null));
  }

  private static List<Contender> contenders(ComparisonPlan plan) {
    return ContenderList.of(plan, PROVIDERS, null);
  }

  private static ComparisonPlan with(
      ComparisonPlan plan, List<ComparedWorkload> workloads, List<String> contenders) {
    return new ComparisonPlan(
        plan.byteSize(),
        plan.limitBytes(),
        plan.directory(),
        new ComparisonPlan.Choice(workloads, contenders),
        plan.variants(),
        plan.effort(),
        plan.seed(),
        plan.stateDirectory());
  }

  @Test
  void everySelectionThatARefusalOffersFits() {
    for (int seconds : new int[] {30, 60, 90, 120}) {
      ComparisonPlan plan = plan(seconds);
      String refusal =
          assertThrows(
                  IllegalArgumentException.class, () -> TimeFit.require(plan, contenders(plan)))
              .getMessage();
      assertTrue(refusal.startsWith("--time " + seconds + " is too short: "), refusal);
      Matcher time = Pattern.compile("give --time (\\d+)").matcher(refusal);
      assertTrue(time.find(), refusal);
      ComparisonPlan longer = plan(Integer.parseInt(time.group(1)));
      TimeFit.require(longer, contenders(longer));
      Matcher names = Pattern.compile(" -c (\\S+),? ").matcher(refusal);
      assertTrue(names.find(), refusal);
      ComparisonPlan fewer =
          with(
              plan,
              plan.choice().workloads(),
              List.of(names.group(1).replaceAll(",$", "").split(",", -1)));
      TimeFit.require(fewer, contenders(fewer));
      Matcher workloads = Pattern.compile(" -w (\\S+), ").matcher(refusal);
      if (workloads.find()) {
        List<ComparedWorkload> some =
            Arrays.stream(workloads.group(1).split(",", -1)).map(ComparedWorkload::named).toList();
        ComparisonPlan less = with(plan, some, List.of());
        TimeFit.require(less, contenders(less));
      }
    }
  }

  @Test
  void twoMinutesAreTooShortForEverythingAndTheDefaultIsNot() {
    ComparisonPlan standard = plan((int) ComparisonPlan.Effort.STANDARD.time().toSeconds());
    TimeFit.require(standard, contenders(standard));
    ComparisonPlan short2 = plan(120);
    assertThrows(IllegalArgumentException.class, () -> TimeFit.require(short2, contenders(short2)));
  }

  @Test
  void keepsFilesSwapAndThePoolComparableAsLongAsTwoFit() {
    List<Contender> order = TimeFit.byPriority(contenders(plan(600)));
    assertEquals(
        List.of(Family.FILE, Family.SWAP, Family.POOL),
        order.stream().limit(3).map(Contender::family).toList());
    assertEquals(contenders(plan(600)).size(), order.size());
  }

  @Test
  void theHeapIsInTheFileThatTakesAdvice() {
    Contender heap =
        contenders(plan(600)).stream().filter(c -> c.kind() == Kind.HEAP).findFirst().orElseThrow();
    assertEquals("panama", heap.provider().name());
    assertEquals("RANDOM", heap.pattern());
    assertEquals(Family.FILE, heap.family());
    List<ProviderSource> fileless =
        PROVIDERS.stream().filter(provider -> provider.family() != Family.FILE).toList();
    assertTrue(
        ContenderList.of(plan(600), fileless, null).stream().noneMatch(c -> c.kind() == Kind.HEAP));
  }

  @Test
  void theCommandOfEachContenderSaysWhatItsChildDoes() {
    for (Contender contender :
        ContenderList.of(
            with(plan(9), plan(9).choice().workloads(), List.of("all")), PROVIDERS, null)) {
      ProviderSource provider = contender.provider();
      String command = contender.allocateCommand("2g", "400m");
      if (contender.kind() != Kind.PROVIDER) {
        assertEquals("", command, contender.id());
        continue;
      }
      String pattern = contender.pattern();
      String policy = contender.policy();
      assertEquals(
          "alloc 2g -b "
              + provider.name()
              + (pattern == null ? "" : " --pattern " + Contender.label(pattern))
              + (policy == null ? "" : " --policy " + Contender.label(policy))
              + (contender.budgeted() ? " --budget 400m" : ""),
          command);
      // The id is what verdicts name: it says the same.
      String variant = contender.id().substring(provider.name().length()).replace(":", "");
      assertTrue(
          variant.isEmpty()
              || variant.equals("batched")
              || command.contains(" " + variant)
              || command.contains("--" + variant),
          contender.id() + ": " + command);
    }
  }
}
