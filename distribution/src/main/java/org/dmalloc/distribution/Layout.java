/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** The directory of the distribution. */
record Layout(Path home) {
  /** A group of bundles that start together, in the order of the constants. */
  enum Group {
    /** Declarative services, configuration, Gogo. */
    RUNTIME,
    /** Reads configuration files from {@code etc}. */
    CONFIGURATION,
    /** The suite. */
    DMALLOC,
    /** The interactive shell. */
    CONSOLE
  }

  /** The jars of a group, sorted by name. */
  List<Path> bundles(Group group) throws IOException {
    Path directory = home.resolve("bundles").resolve(group.name().toLowerCase(Locale.ROOT));
    List<Path> jars = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "*.jar")) {
      stream.forEach(jars::add);
    }
    if (jars.isEmpty()) {
      throw new IOException(directory + " has no bundles; unpack or build the distribution again");
    }
    Collections.sort(jars);
    return jars;
  }

  /** The directory of the configuration files and the shell's profile. */
  Path etc() {
    return home.resolve("etc");
  }
}
