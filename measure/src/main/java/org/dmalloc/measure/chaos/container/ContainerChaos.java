/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.container;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.heap.HeapService;
import org.dmalloc.measure.chaos.Chaos;
import org.dmalloc.measure.chaos.ChaosPlan;
import org.dmalloc.measure.chaos.ChaosReport;
import org.dmalloc.measure.chaos.WorkerJvm;
import org.dmalloc.measure.container.BundleJars;
import org.dmalloc.measure.report.MeasurementListener;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** A chaos run whose workers have the suite of this container. */
public final class ContainerChaos {
  /** By name, for its bundle may be missing. */
  private static final String BACKUPS = "org.dmalloc.backup.BackupService";

  /** Begins the names of bundles that a worker's container does without. */
  private static final List<String> LEFT_OUT =
      List.of("org.apache.felix.gogo", "org.apache.felix.fileinstall", "org.dmalloc.shell");

  private ContainerChaos() {}

  /**
   * Runs a plan; two of three workers are in plain Java, one is in a container.
   *
   * @param context of the calling bundle, in whose data area the contents of bundles are unpacked
   * @throws IOException as {@link Chaos#run} does
   */
  public static ChaosReport run(BundleContext context, ChaosPlan plan, MeasurementListener listener)
      throws IOException {
    BundleJars jars = new BundleJars(context.getDataFile("chaos").toPath());
    Bundle own = FrameworkUtil.getBundle(ContainerChaos.class);
    if (own == null) {
      throw new IllegalStateException("not in a bundle");
    }
    List<Path> classPath = classPath(context, own, jars);
    List<WorkerJvm> jvms = new ArrayList<>();
    jvms.add(WorkerJvm.plain(classPath));
    Optional<WorkerJvm> container = container(context, jars.of(own));
    if (container.isPresent()) {
      jvms.add(container.get());
      jvms.add(WorkerJvm.plain(classPath));
    } else {
      listener.said("a bundle's location is no file: no worker is in a container");
    }
    return Chaos.run(plan, jvms, listener);
  }

  private static List<Path> classPath(BundleContext context, Bundle own, BundleJars jars)
      throws IOException {
    Set<Path> paths = new LinkedHashSet<>(jars.of(own));
    for (String service :
        List.of(
            MemoryProvider.class.getName(),
            RegionMover.class.getName(),
            HeapService.class.getName(),
            BACKUPS)) {
      ServiceReference<?>[] references;
      try {
        references = context.getAllServiceReferences(service, null);
      } catch (InvalidSyntaxException e) {
        throw new IllegalStateException(e);
      }
      for (ServiceReference<?> each :
          references == null ? new ServiceReference<?>[0] : references) {
        if (each.getBundle() != null) {
          paths.addAll(jars.of(each.getBundle()));
        }
      }
    }
    // A class in a directory takes a descriptor to load, which may be short: jars come first.
    return paths.stream()
        .sorted((a, b) -> Boolean.compare(Files.isDirectory(a), Files.isDirectory(b)))
        .toList();
  }

  /** Empty if the framework does not tell where the file of a bundle is. */
  private static Optional<WorkerJvm> container(BundleContext context, List<Path> classPath) {
    List<String> locations = new ArrayList<>();
    for (Bundle bundle : context.getBundles()) {
      String name = String.valueOf(bundle.getSymbolicName());
      if (bundle.getBundleId() == Constants.SYSTEM_BUNDLE_ID
          || LEFT_OUT.stream().anyMatch(name::startsWith)) {
        continue;
      }
      if (!bundle.getLocation().matches("(reference:)?file:\\S+")) {
        return Optional.empty();
      }
      locations.add(bundle.getLocation());
    }
    String packages = context.getProperty(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA);
    return Optional.of(
        new WorkerJvm(
            WorkerJvm.CONTAINER,
            FrameworkMain.class.getName(),
            classPath,
            List.of(
                String.format(
                    Locale.ROOT,
                    "-D%s=%s",
                    FrameworkMain.BUNDLES,
                    locations.stream().collect(Collectors.joining(" "))),
                String.format(
                    Locale.ROOT,
                    "-D%s=%s",
                    FrameworkMain.PACKAGES,
                    packages == null ? "" : packages))));
  }
}
