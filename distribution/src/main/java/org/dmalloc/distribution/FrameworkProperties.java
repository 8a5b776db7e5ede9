/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.felix.framework.Logger;
import org.apache.felix.framework.util.FelixConstants;
import org.osgi.framework.Constants;

/** The framework properties that configure Felix, FileInstall and Gogo. */
final class FrameworkProperties {
  /**
   * Packages of JLine, which stays on the class path: it looks its terminals up by the context
   * class loader, which would not find them in a bundle.
   */
  private static final List<String> JLINE_PACKAGES =
      List.of(
          "org.jline.builtins",
          "org.jline.console",
          "org.jline.keymap",
          "org.jline.reader",
          "org.jline.reader.impl",
          "org.jline.reader.impl.completer",
          "org.jline.reader.impl.history",
          "org.jline.style",
          "org.jline.terminal",
          "org.jline.terminal.impl",
          "org.jline.terminal.spi",
          "org.jline.utils");

  /** The launcher shares it for {@link ComponentLog}. */
  private static final String LOG_PACKAGE = "org.osgi.service.log;version=\"1.5\"";

  private FrameworkProperties() {}

  /** The Gogo flag adds the packages of Gogo's own commands, which use JLine. */
  static Map<String, Object> of(
      Layout layout, RunDirectory run, boolean interactive, boolean gogo, Logger logger) {
    Map<String, Object> properties = new HashMap<>();
    properties.put(Constants.FRAMEWORK_STORAGE, run.cache().toString());
    // This run alone uses the directory, which is already locked.
    properties.put("felix.cache.locking", "false");
    properties.put(FelixConstants.LOG_LEVEL_PROP, "2");
    properties.put(FelixConstants.LOG_LOGGER_PROP, logger);
    properties.put("dmalloc.home", layout.home().toString());
    properties.put("felix.fileinstall.dir", Configuration.directories(layout));
    properties.put("felix.fileinstall.filter", Configuration.FILE_PATTERN);
    properties.put("felix.fileinstall.configEncoding", "UTF-8");
    properties.put("felix.fileinstall.noInitialDelay", "true");
    properties.put("felix.fileinstall.poll", "1000");
    properties.put("felix.fileinstall.log.level", "2");
    properties.put("felix.fileinstall.enableConfigSave", "false");
    properties.put("felix.fileinstall.tmpdir", run.path().resolve("fileinstall").toString());
    String packages = LOG_PACKAGE;
    if (interactive) {
      properties.put("gosh.home", layout.home().toString());
    } else {
      // Nothing here opens a bundle: URL, and the handlers cost time at each start.
      properties.put(FelixConstants.SERVICE_URLHANDLERS_PROP, "false");
    }
    if (gogo) {
      packages +=
          JLINE_PACKAGES.stream()
              .map(name -> "," + name + ";version=\"" + jlineVersion() + "\"")
              .collect(Collectors.joining());
    }
    properties.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, packages);
    return properties;
  }

  private static String jlineVersion() {
    Properties build = new Properties();
    try (InputStream in = FrameworkProperties.class.getResourceAsStream("launcher.properties")) {
      build.load(Objects.requireNonNull(in, "launcher.properties"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return build.getProperty("jline.version");
  }
}
