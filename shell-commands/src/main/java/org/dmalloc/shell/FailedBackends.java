/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.shell.command.Providers.FailedStart;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Constants;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/**
 * The backends whose component did not start, as the component runtime knows them. No service
 * reports them: their regions would seem lost, and other backends would silently replace them.
 */
final class FailedBackends {
  private FailedBackends() {}

  /** The failed backends of a runtime; none without a runtime. */
  static List<FailedStart> of(@Nullable ServiceComponentRuntime runtime) {
    List<FailedStart> failed = new ArrayList<>();
    if (runtime == null) {
      return failed;
    }
    for (ComponentDescriptionDTO component : runtime.getComponentDescriptionDTOs()) {
      if (component.properties.containsKey(MemoryProvider.BACKEND)
          || List.of(component.serviceInterfaces).contains(MemoryProvider.class.getName())) {
        for (ComponentConfigurationDTO each : runtime.getComponentConfigurationDTOs(component)) {
          if (each.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
            failed.add(failedStart(each, component.name));
          }
        }
      }
    }
    return failed;
  }

  private static FailedStart failedStart(ComponentConfigurationDTO each, String component) {
    Object ranking = each.properties.get(Constants.SERVICE_RANKING);
    return new FailedStart(
        String.valueOf(each.properties.getOrDefault(MemoryProvider.BACKEND, component)),
        reason(each.failure),
        ranking instanceof Integer number ? number : 0,
        hasStore(each.properties));
  }

  private static boolean hasStore(Map<String, Object> properties) {
    Object told = properties.get(MemoryProvider.CAPABILITY);
    return List.of(told instanceof String[] several ? several : new Object[] {String.valueOf(told)})
        .contains(Capability.NAMED.name());
  }

  /** The component's message in a stack trace that may begin with the reflective call. */
  static String reason(@Nullable String failure) {
    if (failure == null) {
      return "no reason is known";
    }
    List<String> lines = failure.lines().toList();
    String line =
        lines.stream()
            .filter(each -> each.startsWith("Caused by: "))
            .filter(each -> lines.getFirst().contains("InvocationTargetException"))
            .findFirst()
            .orElse(lines.isEmpty() ? failure : lines.getFirst());
    return line.replaceFirst("^(Caused by: )?[\\w.$]+: ", "");
  }
}
