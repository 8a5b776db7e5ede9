/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A store in memory, shared by backends: a name, its bytes, and whether they are open. */
final class PlainStore {
  final Path directory;
  final Map<String, MemorySegment> files = new ConcurrentHashMap<>();

  /** Files whose region is on its way to another store. */
  final Set<Path> leaving = ConcurrentHashMap.newKeySet();

  final Set<String> open = ConcurrentHashMap.newKeySet();

  PlainStore(String directory) {
    this.directory = Path.of(directory);
  }

  MemorySegment create(String name, long byteSize) {
    MemorySegment bytes = Arena.ofAuto().allocate(byteSize, 8);
    if (files.putIfAbsent(name, bytes) != null) {
      throw new IllegalStateException("exists: " + name);
    }
    return bytes;
  }

  Path path(String name) {
    return directory.resolve(name + ".region");
  }
}
