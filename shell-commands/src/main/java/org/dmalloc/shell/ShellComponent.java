/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSessionListener;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Function;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.ResourceLimits;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.completion.Candidates;
import org.dmalloc.shell.completion.CompletionSetup;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.output.PrintableConverter;
import org.dmalloc.shell.session.InterruptKey;
import org.dmalloc.shell.session.SessionFunctions;
import org.dmalloc.shell.session.UnmatchedPattern;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.namespace.PackageNamespace;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.metatype.annotations.Designate;

/**
 * Registers each command as a Gogo command, and maintains the list of providers. It is one
 * component, because the commands share the list, and 20 components would be 20 descriptions to
 * parse at each start.
 */
@Component(
    service = {},
    immediate = true,
    configurationPid = SwitchedOff.PID)
@Designate(ocd = ShellConfiguration.class)
public final class ShellComponent {
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

  private final Providers providers = new Providers();
  private final ShellCommands commands = new ShellCommands(providers);
  private final List<ServiceRegistration<?>> registrations = new ArrayList<>();
  private final Map<Function, ServiceRegistration<?>> functions = new HashMap<>();
  private @Nullable BundleContext registry;

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  private volatile @Nullable RegionMover mover;

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  private volatile @Nullable ResourceLimits limits;

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  private volatile @Nullable ServiceComponentRuntime runtime;

  @Activate
  synchronized void activate(BundleContext context, Map<String, Object> properties) {
    SwitchedOff off =
        SwitchedOff.of(properties.get(SwitchedOff.KEY), context.getProperty(SwitchedOff.PROPERTY));
    commands.off(off);
    warnOf(off.unmatched(commands.existing()));
    registry = context;
    providers.mover(() -> mover);
    providers.failedStarts(() -> FailedBackends.of(runtime));
    providers.limits(() -> limits);
    registrations.add(
        context.registerService(
            Converter.class,
            new PrintableConverter(),
            FrameworkUtil.asDictionary(
                Map.of(Converter.CONVERTER_CLASSES, Printable.class.getName()))));
    announce();
    registrations.addAll(
        List.of(
            register(
                context,
                CompletionSetup.FUNCTION,
                new Candidates(providers, commands::all, commands.groups())),
            register(context, CompletionSetup.CHOSEN, CompletionSetup.chosen()),
            register(
                context,
                SessionFunctions.WELCOME,
                SessionFunctions.welcome(providers, context.getBundle().getVersion())),
            register(
                context,
                SessionFunctions.UNKNOWN,
                SessionFunctions.unknown(commands::all, commands::refusal))));
    registrations.add(
        context.registerService(
            CommandSessionListener.class,
            new CompletionSetup(ShellCommands.SCOPE, commands::all, commands.groups()),
            null));
    registrations.add(
        context.registerService(CommandSessionListener.class, new UnmatchedPattern(), null));
    if (isImported(context, "org.jline.terminal")) {
      registrations.add(
          context.registerService(
              CommandSessionListener.class, new InterruptKey(commands::all), null));
    }
  }

  /** A name may be that of a command whose bundle comes later, or a mistake. */
  private static void warnOf(List<String> unmatched) {
    if (!unmatched.isEmpty()) {
      System.getLogger(ShellComponent.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "{0}: {1} names commands that are not here: {2}; they will be off when they come",
              SwitchedOff.PID,
              SwitchedOff.KEY,
              String.join(", ", unmatched));
    }
  }

  private static boolean isImported(BundleContext context, String packageName) {
    return context
        .getBundle()
        .adapt(BundleWiring.class)
        .getRequiredWires(PackageNamespace.PACKAGE_NAMESPACE)
        .stream()
        .map(wire -> wire.getCapability().getAttributes().get(PackageNamespace.PACKAGE_NAMESPACE))
        .anyMatch(packageName::equals);
  }

  /** Gives Gogo the functions that there are now. */
  private synchronized void announce() {
    BundleContext context = registry;
    Map<String, Function> current = context == null ? Map.of() : commands.functions();
    functions
        .entrySet()
        .removeIf(
            each -> {
              boolean gone = !current.containsValue(each.getKey());
              if (gone) {
                each.getValue().unregister();
              }
              return gone;
            });
    if (context != null) {
      current.forEach(
          (name, function) ->
              functions.computeIfAbsent(function, one -> register(context, name, one)));
    }
  }

  private static ServiceRegistration<?> register(
      BundleContext context, String name, Function function) {
    return context.registerService(
        Function.class,
        function,
        FrameworkUtil.asDictionary(
            Map.of(
                CommandProcessor.COMMAND_SCOPE,
                ShellCommands.SCOPE,
                CommandProcessor.COMMAND_FUNCTION,
                name)));
  }

  /** Rejects new commands; running ones free what they took. */
  @Deactivate
  void deactivate() throws InterruptedException {
    synchronized (this) {
      registry = null;
      registrations.forEach(ServiceRegistration::unregister);
      registrations.clear();
    }
    end(commands.all());
  }

  private void end(List<Command> those) throws InterruptedException {
    announce();
    for (Command command : those) {
      command.stop(STOP_TIMEOUT);
    }
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void bindCommands(CommandSource source) {
    commands.add(source);
    announce();
  }

  void unbindCommands(CommandSource source) throws InterruptedException {
    end(commands.remove(source));
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      updated = "bindProvider")
  void bindProvider(MemoryProvider provider, Map<String, ?> properties) {
    String name =
        properties.get(MemoryProvider.BACKEND) instanceof String told && !told.isBlank()
            ? told
            : null;
    int ranking = properties.get(Constants.SERVICE_RANKING) instanceof Integer number ? number : 0;
    providers.put(
        provider, new Backend.Service(ranking, serviceId(properties), name, bundle(properties)));
  }

  void unbindProvider(MemoryProvider provider, Map<String, ?> properties) {
    providers.remove(serviceId(properties));
  }

  /** The bundle that registered a service, by name where it can still be found. */
  private static String bundle(Map<String, ?> properties) {
    if (!(properties.get(Constants.SERVICE_BUNDLEID) instanceof Long id)) {
      return "";
    }
    Bundle own = FrameworkUtil.getBundle(ShellComponent.class);
    BundleContext context = own == null ? null : own.getBundleContext();
    Bundle bundle = context == null ? null : context.getBundle(id);
    return bundle == null || bundle.getSymbolicName() == null
        ? Long.toString(id)
        : bundle.getSymbolicName();
  }

  private static long serviceId(Map<String, ?> properties) {
    return properties.get(Constants.SERVICE_ID) instanceof Long number ? number : 0;
  }
}
