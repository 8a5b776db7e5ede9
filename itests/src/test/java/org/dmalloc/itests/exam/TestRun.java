/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests.exam;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.ops4j.pax.exam.util.Injector;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;

/** The framework's side: runs one test by its JUnit id. Called by Pax Exam's probe invoker. */
public final class TestRun {
  /** Begins the message of a test that an assumption ended: exceptions travel by message only. */
  static final String ABORTED = "aborted by an assumption: ";

  /** Made by Pax Exam. */
  public TestRun() {}

  /**
   * Runs the test and throws what it throws.
   *
   * @param probe the bundle with the test classes
   * @param uniqueId one element: the test's JUnit id
   */
  public void run(BundleContext probe, String[] uniqueId) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(TestRun.class.getClassLoader());
    try {
      Outcome outcome = new Outcome();
      launcher()
          .execute(
              LauncherDiscoveryRequestBuilder.request()
                  .selectors(DiscoverySelectors.selectUniqueId(uniqueId[0]))
                  .build(),
              outcome);
      outcome.check(uniqueId[0]);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** A launcher that looks nothing up: service loaders see no other bundles. */
  private static Launcher launcher() {
    return LauncherFactory.create(
        LauncherConfig.builder()
            .enableTestEngineAutoRegistration(false)
            .enableTestExecutionListenerAutoRegistration(false)
            .enableLauncherSessionListenerAutoRegistration(false)
            .enableLauncherDiscoveryListenerAutoRegistration(false)
            .enablePostDiscoveryFilterAutoRegistration(false)
            .addTestEngines(new JupiterTestEngine())
            .build());
  }

  static void inject(Object test) {
    BundleContext context = FrameworkUtil.getBundle(TestRun.class).getBundleContext();
    ServiceReference<Injector> reference = context.getServiceReference(Injector.class);
    if (reference == null) {
      throw new IllegalStateException("Pax Exam's Injector is not registered");
    }
    context.getService(reference).injectFields(test);
  }

  private static final class Outcome implements TestExecutionListener {
    private final List<Throwable> failures = new ArrayList<>();
    private final List<String> aborts = new ArrayList<>();
    private int tests;

    @Override
    public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
      if (identifier.isTest()) {
        tests++;
      }
      Throwable reason = result.getThrowable().orElse(null);
      switch (result.getStatus()) {
        case SUCCESSFUL -> {}
        case FAILED -> failures.add(reason == null ? new AssertionError("failed") : reason);
        case ABORTED -> aborts.add(String.valueOf(reason == null ? "" : reason.getMessage()));
      }
    }

    /** Failures become plain assertion errors, which every class loader on the way knows. */
    void check(String uniqueId) {
      if (!failures.isEmpty()) {
        Throwable first = failures.getFirst();
        AssertionError failure = new AssertionError(first.toString());
        failure.setStackTrace(first.getStackTrace());
        throw failure;
      }
      if (!aborts.isEmpty()) {
        throw new IllegalStateException(ABORTED + aborts.getFirst());
      }
      if (tests == 0) {
        throw new AssertionError("no test ran in the framework for " + uniqueId);
      }
    }
  }
}
