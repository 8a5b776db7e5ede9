/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import java.util.Map;
import java.util.TreeMap;

/** The providers of this suite: name and PID of each. */
final class Backends {
  static final Map<String, String> PIDS =
      new TreeMap<>(
          Map.of(
              "anon", "org.dmalloc.backend.anon",
              "anon-memfd", "org.dmalloc.backend.anon.memfd",
              "anon-zero", "org.dmalloc.backend.anon.zero",
              "filechannel", "org.dmalloc.backend.filechannel",
              "panama", "org.dmalloc.backend.panama"));

  private Backends() {}
}
