/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.container;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.BundleWire;
import org.osgi.framework.wiring.BundleWiring;

/** The class path of a bundle for a plain JVM: its own content and that of the bundles it uses. */
public final class BundleJars {
  private static final String FILE = "file:";

  /** Begins the location of a bundle whose file the framework reads in place. */
  private static final String REFERENCE = "reference:";

  private final Path scratch;
  private final Map<Long, List<Path>> known = new LinkedHashMap<>();

  /** Unpacks into {@code scratch} the content of bundles whose jar cannot be used as it is. */
  public BundleJars(Path scratch) {
    this.scratch = scratch;
  }

  public List<Path> of(Bundle bundle) throws IOException {
    Set<Path> paths = new LinkedHashSet<>();
    Set<Long> seen = new LinkedHashSet<>();
    Deque<Bundle> open = new ArrayDeque<>(List.of(bundle));
    while (!open.isEmpty()) {
      Bundle next = open.removeFirst();
      if (!seen.add(next.getBundleId())) {
        continue;
      }
      if (next.getBundleId() == Constants.SYSTEM_BUNDLE_ID) {
        // The framework's classes are on the class path that started the container.
        for (String entry : System.getProperty("java.class.path", "").split(":", -1)) {
          if (!entry.isEmpty()) {
            paths.add(Path.of(entry).toAbsolutePath());
          }
        }
        continue;
      }
      paths.addAll(contentOf(next));
      BundleWiring wiring = next.adapt(BundleWiring.class);
      if (wiring != null) {
        for (BundleWire wire : wiring.getRequiredWires(null)) {
          open.addLast(wire.getProviderWiring().getBundle());
        }
      }
    }
    return List.copyOf(paths);
  }

  private List<Path> contentOf(Bundle bundle) throws IOException {
    List<Path> content = known.get(bundle.getBundleId());
    if (content == null) {
      content = new ArrayList<>();
      Path jar = jarOf(bundle);
      String header = bundle.getHeaders("").get(Constants.BUNDLE_CLASSPATH);
      for (String element : (header == null ? "." : header).split(",", -1)) {
        String entry = element.split(";", 2)[0].strip();
        content.add(entry.equals(".") && jar != null ? jar : extracted(bundle, entry));
      }
      known.put(bundle.getBundleId(), content);
    }
    return content;
  }

  /** The bundle's file, if it is a local jar; else null. */
  private static @Nullable Path jarOf(Bundle bundle) {
    String location = bundle.getLocation();
    location = location.startsWith(REFERENCE) ? location.substring(REFERENCE.length()) : location;
    if (!location.startsWith(FILE)) {
      return null;
    }
    Path path;
    try {
      path = Path.of(URI.create(location));
    } catch (IllegalArgumentException e) {
      // "file:bundle/x.jar" is a valid bundle location, but not a valid URI.
      path = Path.of(location.substring(FILE.length()));
    }
    // An update may have replaced the file since: reject a file that is newer than the bundle.
    return Files.isRegularFile(path) && path.toFile().lastModified() <= bundle.getLastModified()
        ? path.toAbsolutePath()
        : null;
  }

  /** Copies an entry of the bundle's class path: a directory in the bundle, or a jar. */
  private Path extracted(Bundle bundle, String entry) throws IOException {
    Path directory =
        Files.createDirectories(
            scratch.resolve(bundle.getBundleId() + "-" + bundle.getLastModified()));
    int slash = entry.lastIndexOf('/');
    Enumeration<URL> files = bundle.findEntries(entry.equals(".") ? "/" : entry, "*", true);
    if (files == null) { // no directory
      files = bundle.findEntries(entry.substring(0, slash + 1), entry.substring(slash + 1), false);
    }
    if (files != null) {
      for (URL file : Collections.list(files)) {
        String name = file.getPath().substring(1);
        Path target = directory.resolve(name).normalize();
        if (!name.endsWith("/") && target.startsWith(directory)) {
          Files.createDirectories(target.getParent());
          try (InputStream in = file.openStream()) {
            Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
          }
        }
      }
    }
    return directory.resolve(entry).normalize();
  }
}
