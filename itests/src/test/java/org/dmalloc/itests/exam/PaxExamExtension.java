/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests.exam;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.extension.TestInstancePostProcessor;
import org.osgi.framework.BundleReference;

/**
 * On the host: starts the framework before the outermost class and sends each test there. In the
 * framework: injects services, and leaves the rest to JUnit.
 */
public final class PaxExamExtension
    implements BeforeAllCallback,
        AfterAllCallback,
        InvocationInterceptor,
        TestInstancePostProcessor {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(PaxExamExtension.class);

  private static boolean insideFramework() {
    return PaxExamExtension.class.getClassLoader() instanceof BundleReference;
  }

  private static Class<?> outermost(ExtensionContext context) {
    Class<?> type = context.getRequiredTestClass();
    return context.getEnclosingTestClasses().stream().findFirst().orElse(type);
  }

  private static HostSession session(ExtensionContext context) {
    return context.getRoot().getStore(NAMESPACE).get(outermost(context), HostSession.class);
  }

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    if (insideFramework() || !context.getEnclosingTestClasses().isEmpty()) {
      return;
    }
    HostSession session = new HostSession(outermost(context));
    context.getRoot().getStore(NAMESPACE).put(outermost(context), session);
    session.start();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (!insideFramework() && context.getEnclosingTestClasses().isEmpty()) {
      HostSession session = session(context);
      if (session != null) {
        session.stop();
      }
    }
  }

  @Override
  public void postProcessTestInstance(Object test, ExtensionContext context) {
    if (insideFramework()) {
      TestRun.inject(test);
    }
  }

  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    inFramework(invocation, context);
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    inFramework(invocation, context);
  }

  private static void inFramework(Invocation<Void> invocation, ExtensionContext context)
      throws Throwable {
    if (insideFramework()) {
      invocation.proceed();
    } else {
      invocation.skip();
      session(context).run(context.getUniqueId());
    }
  }

  @Override
  public void interceptBeforeAllMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    notOnHost(invocation);
  }

  @Override
  public void interceptAfterAllMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    notOnHost(invocation);
  }

  @Override
  public void interceptBeforeEachMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    notOnHost(invocation);
  }

  @Override
  public void interceptAfterEachMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    notOnHost(invocation);
  }

  private static void notOnHost(Invocation<Void> invocation) throws Throwable {
    if (insideFramework()) {
      invocation.proceed();
    } else {
      invocation.skip();
    }
  }
}
