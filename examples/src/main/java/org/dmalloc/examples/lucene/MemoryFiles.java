/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import org.dmalloc.api.MemoryProvider;

/** Unnamed regions, which the directory keeps open, as one more user, until they are deleted. */
final class MemoryFiles extends RegionFiles {
  private final MemoryProvider provider;

  MemoryFiles(MemoryProvider provider) {
    this.provider = provider;
  }

  @Override
  int ownUses() {
    return 1;
  }

  @Override
  synchronized Set<String> names() {
    return openNames();
  }

  @Override
  OpenFile allocate(String name) throws IOException {
    if (opened(name) != null) {
      throw new FileAlreadyExistsException(name);
    }
    OpenFile file = new OpenFile(provider.allocate(request()));
    file.users = ownUses();
    return file;
  }

  @Override
  OpenFile reopen(String name) throws IOException {
    throw new NoSuchFileException(name);
  }

  @Override
  void remove(String name) throws IOException {
    OpenFile file = opened(name);
    if (file == null) {
      throw new NoSuchFileException(name);
    }
    leave(file);
  }

  @Override
  void move(String name, String newName) throws IOException {
    if (opened(name) == null) {
      throw new NoSuchFileException(name);
    }
    if (opened(newName) != null) {
      throw new FileAlreadyExistsException(newName);
    }
  }

  @Override
  void force(OpenFile file) {}

  @Override
  void forceNames() {}

  @Override
  synchronized void close() throws IOException {
    for (String name : names()) {
      delete(name);
    }
  }
}
