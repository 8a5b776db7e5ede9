/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.util.List;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;

/**
 * Gogo's own commands for the lines of standard input, as in the interactive shell: {@code each},
 * {@code if}, {@code echo}, {@code sort} …, without those that need a terminal.
 *
 * <p>Their bundle is not started: it would start a shell, read the lines itself, and stop the
 * framework at their end. Its classes are created and registered here, as its activator does.
 */
final class GogoCommands {
  private static final String PACKAGE = "org.apache.felix.gogo.jline.";
  private static final String PROCESSOR = "org.apache.felix.service.command.CommandProcessor";

  /** By class, the functions of its activator that work without a terminal. */
  private static final Map<String, List<String>> FUNCTIONS =
      Map.of(
          "Procedural",
          List.of("each", "if", "not", "throw", "try", "until", "while", "break", "continue"),
          "Builtin",
          List.of("format", "getopt", "new", "set", "tac", "type"),
          "Posix",
          List.of("cat", "cd", "date", "echo", "head", "pwd", "sleep", "sort", "tail", "wc"));

  private GogoCommands() {}

  /** Registers the functions of Gogo's shell bundle, which is installed but not started. */
  static void register(BundleContext context, Bundle bundle) throws BundleException {
    ServiceReference<?> reference = context.getServiceReference(PROCESSOR);
    Object processor = reference == null ? null : context.getService(reference);
    if (processor == null) {
      throw new BundleException("Gogo's runtime is not there");
    }
    try {
      for (Map.Entry<String, List<String>> each : FUNCTIONS.entrySet()) {
        Class<?> type = bundle.loadClass(PACKAGE + each.getKey());
        Object commands =
            each.getKey().equals("Posix")
                ? type.getConstructors()[0].newInstance(processor)
                : type.getConstructor().newInstance();
        context.registerService(
            type.getName(),
            commands,
            FrameworkUtil.asDictionary(
                Map.of(
                    "osgi.command.scope",
                    "gogo",
                    "osgi.command.function",
                    each.getValue().toArray(String[]::new))));
      }
    } catch (ReflectiveOperationException e) {
      throw new BundleException("Gogo's commands are not as they were in the version built for", e);
    }
  }
}
