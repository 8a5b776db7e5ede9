/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Prints the errors of the service component runtime as one line each on standard error. Without it
 * a bad configuration would print two stack traces at every start.
 */
final class ComponentLog implements LoggerFactory {
  /** After so many different lines an earlier one may repeat. */
  private static final int REMEMBERED_LINES = 100;

  private final PrintStream err;
  private final BooleanSupplier silent;
  private final Set<String> said = new LinkedHashSet<>();

  ComponentLog(PrintStream err, BooleanSupplier silent) {
    this.err = err;
    this.silent = silent;
  }

  @Override
  public Logger getLogger(String name) {
    return getLogger(name, Logger.class);
  }

  @Override
  public Logger getLogger(Class<?> type) {
    return getLogger(type.getName(), Logger.class);
  }

  @Override
  public <L extends Logger> L getLogger(Class<?> type, Class<L> loggerType) {
    return getLogger(type.getName(), loggerType);
  }

  @Override
  public <L extends Logger> L getLogger(Bundle bundle, String name, Class<L> loggerType) {
    return getLogger(name, loggerType);
  }

  @Override
  public <L extends Logger> L getLogger(String name, Class<L> loggerType) {
    // The interface has a method for each level and number of arguments. Only the level matters
    // here, because the runtime's messages are complete.
    return loggerType.cast(
        Proxy.newProxyInstance(
            loggerType.getClassLoader(),
            new Class<?>[] {loggerType},
            (proxy, method, arguments) -> log(proxy, name, method, arguments)));
  }

  @SuppressWarnings("ReferenceEquality") // a proxy is equal to itself alone
  private @Nullable Object log(
      Object proxy, String name, Method method, Object @Nullable [] arguments) {
    return switch (method.getName()) {
      case "getName", "toString" -> name;
      case "hashCode" -> System.identityHashCode(proxy);
      case "equals" -> arguments != null && proxy == arguments[0];
      case "isErrorEnabled" -> true;
      // Warnings report the consequences of an error: each user of a service that failed.
      case "isWarnEnabled", "isInfoEnabled", "isDebugEnabled", "isTraceEnabled" -> false;
      case "error" -> {
        if (arguments != null && arguments[0] instanceof String message) {
          say(message, arguments.length > 1 ? arguments[1] : null);
        }
        yield null;
      }
      default -> null;
    };
  }

  private void say(String message, @Nullable Object argument) {
    String line =
        "dmalloc: "
            + (argument instanceof InvocationTargetException thrown && thrown.getCause() != null
                // The cause has the constructor's or method's own message.
                ? StderrLogger.words(thrown.getCause())
                : argument instanceof Throwable thrown
                    ? message + ": " + StderrLogger.words(thrown)
                    : message);
    synchronized (said) {
      if (said.size() >= REMEMBERED_LINES) {
        said.clear();
      }
      if (!silent.getAsBoolean() && said.add(line)) {
        err.println(StderrLogger.oneLine(line));
      }
    }
  }
}
