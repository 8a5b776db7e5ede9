/* SPDX-License-Identifier: Apache-2.0 */

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.felix.framework.Felix;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The least that a Felix with SCR and Gogo needs to print something: the yardstick for starts. */
final class BareFelix {
  public static void main(String[] bundles) throws Exception {
    Path cache = Files.createTempDirectory("bare-felix");
    Felix framework =
        new Felix(
            Map.of("org.osgi.framework.storage", cache.toString(), "felix.log.level", "1"));
    framework.start();
    BundleContext context = framework.getBundleContext();
    List<Bundle> installed = new ArrayList<>();
    for (String bundle : bundles) {
      installed.add(context.installBundle("reference:" + Path.of(bundle).toUri()));
    }
    for (Bundle bundle : installed) {
      bundle.start();
    }
    // Gogo's classes are its bundle's: its session prints, asked by reflection.
    var reference =
        context.getServiceReference("org.apache.felix.service.command.CommandProcessor");
    Object processor = context.getService(reference);
    Object session =
        processor
            .getClass()
            .getMethod(
                "createSession",
                java.io.InputStream.class,
                java.io.OutputStream.class,
                java.io.OutputStream.class)
            .invoke(
                processor,
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err));
    Object result =
        session.getClass().getMethod("execute", CharSequence.class).invoke(session, "'ready'");
    new java.io.PrintStream(new FileOutputStream(FileDescriptor.out), true).println(result);
    framework.stop();
    framework.waitForStop(0);
    try (Stream<Path> files = Files.walk(cache)) {
      files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
    }
  }
}
