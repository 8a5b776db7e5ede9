/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/** Decides which directory a provider's store is. */
public final class StoreDirectory {
  /** The framework or system property that names the default directory. */
  public static final String PROPERTY = "dmalloc.directory";

  /** Of system properties, which all copies of this class see. */
  private static final String USED = "dmalloc.store.seen.";

  private StoreDirectory() {}

  /**
   * The store in the configured directory, which must exist, or in the default one, which is made
   * when it is first needed.
   *
   * @param configured the configured directory; null or blank for the default
   * @param property the value of the framework property {@value #PROPERTY}; null or blank if it is
   *     not set
   * @throws MemoryException if the configured directory does not exist or is none
   */
  public static RegionStore open(@Nullable String configured, @Nullable String property)
      throws MemoryException {
    if (configured != null && !configured.isBlank()) {
      return RegionStore.open(Path.of(configured.strip()));
    }
    return openDefault(property, System.getenv(), System.getProperty("user.home", "."));
  }

  static RegionStore openDefault(
      @Nullable String property, Map<String, String> environment, String account)
      throws MemoryException {
    Path path = defaultPath(property, environment, account);
    // Somebody chose the others; a home that is missing is nobody's choice.
    Path home = Path.of(home(environment, account));
    return RegionStore.openDefault(path, path.equals(ofHome(home)) ? home : null);
  }

  /**
   * The property, else {@code $XDG_STATE_HOME/dmalloc}, else {@code ~/.local/state/dmalloc}; {@code
   * account} is the home where no variable {@code HOME} is set.
   */
  static Path defaultPath(
      @Nullable String property, Map<String, String> environment, String account) {
    if (property != null && !property.isBlank()) {
      return Path.of(property.strip());
    }
    String state = environment.get("XDG_STATE_HOME");
    // The XDG specification: relative paths are to be ignored.
    return state != null && state.startsWith("/")
        ? Path.of(state, "dmalloc")
        : ofHome(Path.of(home(environment, account)));
  }

  private static String home(Map<String, String> environment, String account) {
    String variable = environment.get("HOME");
    return variable != null && variable.startsWith("/") ? variable : account;
  }

  private static Path ofHome(Path home) {
    return home.resolve(".local/state/dmalloc");
  }

  /** Notes that this JVM uses a directory. */
  static void use(Path directory) {
    System.setProperty(USED + directory, "true");
  }

  /**
   * Whether a directory that this JVM has used is missing now. It is not made anew, which would
   * part the regions that are open from those that come.
   */
  static boolean hasGone(Path directory) {
    return System.getProperty(USED + directory) != null && !Files.exists(directory);
  }
}
