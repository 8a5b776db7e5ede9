/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests.exam;

import java.io.IOException;
import java.util.Locale;
import org.junit.platform.commons.util.ReflectionUtils;
import org.opentest4j.TestAbortedException;
import org.ops4j.pax.exam.ExamConfigurationException;
import org.ops4j.pax.exam.TestAddress;
import org.ops4j.pax.exam.TestProbeBuilder;
import org.ops4j.pax.exam.spi.ExamReactor;
import org.ops4j.pax.exam.spi.StagedExamReactor;
import org.ops4j.pax.exam.spi.reactors.ReactorManager;

/**
 * The host's side of one test class: its framework, and the one probe method in it, {@link
 * TestRun#run}, through which every test goes.
 *
 * <p>Pax Exam fixes a probe method's arguments when the framework starts. The argument here is an
 * array whose only element is set anew for every test; a native framework sees the array itself, a
 * forked one gets a copy at every call.
 */
final class HostSession {
  private final Class<?> testClass;
  private final ReactorManager manager = ReactorManager.getInstance();
  private final StagedExamReactor reactor;
  private final String[] uniqueId = new String[1];
  private final TestAddress address;

  HostSession(Class<?> testClass) throws IOException, ExamConfigurationException {
    this.testClass = testClass;
    Object instance = ReflectionUtils.newInstance(testClass);
    ExamReactor unstaged;
    try {
      unstaged = manager.prepareReactor(testClass, instance);
    } catch (Exception e) {
      throw new ExamConfigurationException("no framework for " + testClass, e);
    }
    TestProbeBuilder probe = manager.createProbeBuilder(instance);
    TestAddress root = probe.addTest(TestRun.class, "run", new Object[] {uniqueId});
    unstaged.addProbe(probe);
    reactor = manager.stageReactor();
    address =
        reactor.getTargets().stream()
            .filter(target -> root.equals(target.root()))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no framework for " + testClass));
  }

  void start() {
    // Frameworks write version numbers with the digits of this locale, and cannot read them again.
    Locale digits = Locale.getDefault(Locale.Category.FORMAT);
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    try {
      manager.beforeClass(reactor, testClass);
    } finally {
      Locale.setDefault(Locale.Category.FORMAT, digits);
    }
  }

  void stop() {
    manager.afterClass(reactor, testClass);
  }

  /** Runs the test with this id in the framework; throws what it throws. */
  void run(String testId) throws Throwable {
    uniqueId[0] = testId;
    try {
      reactor.invoke(address);
    } catch (Exception failure) {
      throw cause(failure);
    }
  }

  /** The test's own failure, out of what Pax Exam and reflection wrapped around it. */
  private static Throwable cause(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      String message = each.getMessage();
      if (message != null && message.startsWith(TestRun.ABORTED)) {
        String reason = message.substring(TestRun.ABORTED.length());
        // Loggers of the host are taken over by the framework's, which keeps quiet about this.
        System.out.println("skipped: " + reason);
        return new TestAbortedException(reason);
      }
      if (each instanceof AssertionError) {
        return each;
      }
    }
    return failure;
  }
}
