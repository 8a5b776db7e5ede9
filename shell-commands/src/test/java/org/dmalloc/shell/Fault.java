/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.jspecify.annotations.Nullable;

/** How a provider answers whatever it is asked, against its contract. */
public enum Fault {
  RUNTIME_EXCEPTION("IllegalStateException: boom"),
  ERROR("AssertionError: boom"),
  LINKAGE_ERROR("NoClassDefFoundError: boom"),
  NULL("it gave null");

  /** What is told of it. */
  public final String words;

  Fault(String words) {
    this.words = words;
  }

  private @Nullable Object answer() {
    return switch (this) {
      case RUNTIME_EXCEPTION -> throw new IllegalStateException("boom");
      case ERROR -> throw new AssertionError("boom");
      case LINKAGE_ERROR -> throw new NoClassDefFoundError("boom");
      case NULL -> null;
    };
  }

  /**
   * Such a provider.
   *
   * @param evenItsName whether it fails when it is asked for its name and what it can do, too
   */
  public MemoryProvider provider(boolean evenItsName) {
    InMemoryProvider sound = InMemoryProvider.of("evil", Capability.NAMED);
    return (MemoryProvider)
        Proxy.newProxyInstance(
            Fault.class.getClassLoader(),
            new Class<?>[] {MemoryProvider.class},
            (proxy, method, arguments) -> {
              boolean sane =
                  !evenItsName
                      && List.of("name", "capabilities", "supportedAdvice", "paging")
                          .contains(method.getName());
              if (!sane) {
                return answer();
              }
              try {
                return method.invoke(sound, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
