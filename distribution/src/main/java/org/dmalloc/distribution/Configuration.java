/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * The configuration files: those in the layout's {@code etc}, then the user's own in {@code
 * $DMALLOC_CONFIG}, or {@code $XDG_CONFIG_HOME/dmalloc}, or {@code ~/.config/dmalloc}.
 */
final class Configuration {
  /** The names of configuration files that FileInstall accepts. */
  static final String FILE_PATTERN = ".*\\.(cfg|config|cfg\\.json)";

  private static final String SERVICE = "org.osgi.service.cm.ConfigurationAdmin";
  private static final String FROM_FILE = "(felix.fileinstall.filename=*)";
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private Configuration() {}

  /** The existing directories, separated by commas. */
  static String directories(Layout layout) {
    return existing(layout).stream().map(Path::toString).collect(Collectors.joining(","));
  }

  private static List<Path> existing(Layout layout) {
    return Stream.of(layout.etc(), userDirectory()).filter(Files::isDirectory).toList();
  }

  private static Path userDirectory() {
    String own = System.getenv("DMALLOC_CONFIG");
    if (own != null && !own.isEmpty()) {
      return Path.of(own).toAbsolutePath();
    }
    String xdg = System.getenv("XDG_CONFIG_HOME");
    return (xdg != null && xdg.startsWith("/") ? Path.of(xdg) : Path.of(home(), ".config"))
        .resolve("dmalloc");
  }

  /** The variable takes precedence; the property is the home of the account. */
  private static String home() {
    String home = System.getenv("HOME");
    return home != null && home.startsWith("/") ? home : System.getProperty("user.home");
  }

  /** All configuration files. Throws an {@link IOException} if one is not readable or not UTF-8. */
  static List<Path> files(Layout layout) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path directory : existing(layout)) {
      try (DirectoryStream<Path> stream =
          Files.newDirectoryStream(
              directory, f -> f.getFileName().toString().matches(FILE_PATTERN))) {
        stream.forEach(files::add);
      }
    }
    for (Path file : files) {
      requireUtf8(file);
    }
    return files;
  }

  /** FileInstall would replace undecodable bytes silently. */
  private static void requireUtf8(Path file) throws IOException {
    try {
      Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IOException(
          "configuration file " + file + ": not UTF-8; convert it (iconv), or remove it");
    }
  }

  /**
   * Waits until FileInstall has handed all files to Configuration Admin, so that the backends do
   * not start without their configuration first. A file that does not arrive is reported;
   * FileInstall has printed the reason by then.
   */
  static void await(BundleContext context, List<Path> files, PrintStream err)
      throws InterruptedException {
    long deadline = System.nanoTime() + TIMEOUT_NANOS;
    while (count(context) < files.size()) {
      if (System.nanoTime() - deadline > 0) {
        err.println("dmalloc: not every configuration file was read; look for errors in " + files);
        return;
      }
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  /** Uses reflection, because the launcher does not share the bundle's public interface. */
  private static int count(BundleContext context) {
    @Nullable ServiceReference<?> reference = context.getServiceReference(SERVICE);
    @Nullable Object admin = reference == null ? null : context.getService(reference);
    if (reference == null || admin == null) {
      return 0;
    }
    try {
      Method list =
          reference.getBundle().loadClass(SERVICE).getMethod("listConfigurations", String.class);
      return list.invoke(admin, FROM_FILE) instanceof Object[] found ? found.length : 0;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Configuration Admin cannot be asked", e);
    }
  }
}
