/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.costs;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * The bundles of one build of the suite, in a class loader of their own with a copy of {@link
 * RegionCalls} over them, so that two builds take turns in one JVM.
 */
final class Build {
  private final String name;
  private final Class<?> calls;

  private Build(String name, Class<?> calls) {
    this.name = name;
    this.calls = calls;
  }

  /**
   * A build in a directory of jars, in which {@code benchmarks/peers.sh} puts them.
   *
   * @param jars the directory; what lies there of this module is replaced by this module's classes
   */
  static Build in(String name, Path jars) throws IOException {
    List<URL> path = new ArrayList<>();
    path.add(ownJar());
    try (Stream<Path> files = Files.list(jars)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".jar")).sorted().toList()) {
        path.add(file.toUri().toURL());
      }
    }
    ClassLoader loader =
        new URLClassLoader(path.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    try {
      return new Build(name, Class.forName(RegionCalls.class.getName(), true, loader));
    } catch (ClassNotFoundException e) {
      throw new IOException(jars + ": no build of the suite; run benchmarks/peers.sh --help there");
    }
  }

  private static URL ownJar() {
    return Build.class.getProtectionDomain().getCodeSource().getLocation();
  }

  /** The directory of the jar that this class is in. */
  static Path jarsHere() {
    return Objects.requireNonNull(Path.of(ownJar().getPath()).getParent());
  }

  String name() {
    return name;
  }

  @SuppressWarnings("unchecked")
  Map<String, LongSupplier> rows(Path directory, String backend) throws IOException {
    return (Map<String, LongSupplier>)
        call("rows", new Class<?>[] {Path.class, String.class}, directory, backend);
  }

  @SuppressWarnings("unchecked")
  Map<String, Object> many(Path directory, String backend, int count, long byteSize)
      throws IOException {
    return (Map<String, Object>)
        call(
            "many",
            new Class<?>[] {Path.class, String.class, int.class, long.class},
            directory,
            backend,
            count,
            byteSize);
  }

  private Object call(String method, Class<?>[] types, Object... arguments) throws IOException {
    try {
      return calls.getMethod(method, types).invoke(null, arguments);
    } catch (InvocationTargetException e) {
      throw new IOException(name + ": " + e.getCause(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
