/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedMethod;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.dmalloc.api.Capability;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The suite can fail: each flaw makes the test fail that is there to find it. */
final class FlawTest {
  /** The flaw that {@link Flawed} has now: the engine makes its instances, without arguments. */
  private static volatile Flaw current = Flaw.DIRTY_MEMORY;

  /** Run by the test below only: build tools skip classes nested in a test class. */
  static final class Flawed extends MemoryProviderContract {
    @Override
    protected ProviderFixture fixture() {
      return new ReferenceFixture(capabilities(current), EnumSet.of(current));
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyFlawIsFound(Flaw flaw) throws Exception {
    current = flaw;
    Set<String> failed = new ConcurrentSkipListSet<>();
    Class<?> theme = Class.forName(MemoryProviderContract.class.getName() + "$" + flaw.theme());
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectNestedMethod(List.of(Flawed.class), theme, flaw.test()))
            .build();
    LauncherFactory.create()
        .execute(
            request,
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                  failed.add(test.getDisplayName().replace("()", ""));
                }
              }
            });
    assertEquals(Set.of(flaw.test()), failed, "failed");
  }

  private static Set<Capability> capabilities(Flaw flaw) {
    return switch (flaw) {
      case UNDECLARED_ACCEPTED, REQUIRED_IGNORED -> EnumSet.of(Capability.NAMED);
      case PUNCH_UNDECLARED ->
          EnumSet.complementOf(EnumSet.of(Capability.PUNCH, Capability.PROCESS_SHARED));
      case PREFETCH_UNDECLARED ->
          EnumSet.complementOf(EnumSet.of(Capability.PREFETCH, Capability.PROCESS_SHARED));
      default -> ReferenceFixture.CAPABILITIES;
    };
  }
}
