/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.dmalloc.measure.compare.child.ContenderSubject;
import org.jspecify.annotations.Nullable;

/**
 * One kind of memory with its settings.
 *
 * @param id unique: {@code panama:random}, {@code anon:kernel page-cluster=0}
 * @param provider whose regions it has; {@link ProviderSource#NONE} if it has none
 * @param announced whether it announces pages in batches
 * @param settings kernel settings while it runs, by their file
 */
record Contender(
    String id,
    Family family,
    ContenderSubject.Kind kind,
    ProviderSource provider,
    @Nullable String pattern,
    @Nullable String policy,
    boolean announced,
    boolean budgeted,
    Map<String, String> settings) {
  Contender {
    settings = Collections.unmodifiableMap(new TreeMap<>(settings));
  }

  static Contender without(String id, Family family, ContenderSubject.Kind kind) {
    return new Contender(id, family, kind, ProviderSource.NONE, null, null, false, false, Map.of());
  }

  Contender under(String file, String value) {
    Map<String, String> more = new TreeMap<>(settings);
    more.put(file, value);
    String name = file.substring(file.lastIndexOf('/') + 1).replace('_', '-');
    return new Contender(
        id + " " + name + "=" + value,
        family,
        kind,
        provider,
        pattern,
        policy,
        announced,
        budgeted,
        more);
  }

  /** Whether the name is this contender's, or that of the provider that it is a variant of. */
  boolean isNamed(String name) {
    return id.equals(name) || id.startsWith(name + ":");
  }

  /** The command that allocates such memory, with the budget if it has one; empty if none does. */
  String allocateCommand(String size, String budget) {
    if (kind != ContenderSubject.Kind.PROVIDER) {
      return "";
    }
    StringBuilder line = new StringBuilder("alloc " + size + " -b " + provider.name());
    if (pattern != null) {
      line.append(" --pattern ").append(label(pattern));
    }
    if (policy != null) {
      line.append(" --policy ").append(label(policy));
    }
    if (budgeted) {
      line.append(" --budget ").append(budget);
    }
    return line.toString();
  }

  static String label(String enumName) {
    return enumName.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
