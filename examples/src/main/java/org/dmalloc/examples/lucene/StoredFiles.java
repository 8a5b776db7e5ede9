/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;

/** Named regions of a store. What nobody has open is closed; another process may read it. */
final class StoredFiles extends RegionFiles {
  private final MemoryProvider provider;
  private final @Nullable Path directory;

  /**
   * The regions of a store.
   *
   * @param directory of the store; null for the provider's configured one
   */
  StoredFiles(MemoryProvider provider, @Nullable Path directory) {
    this.provider = provider;
    this.directory = directory;
  }

  @Override
  int ownUses() {
    return 0;
  }

  @Override
  List<String> names() throws IOException {
    return provider.stored(directory).stream().map(StoredRegion::name).toList();
  }

  @Override
  OpenFile allocate(String name) throws IOException {
    return new OpenFile(provider.allocate(request().withName(name).withDirectory(directory)));
  }

  @Override
  OpenFile reopen(String name) throws IOException {
    return new OpenFile(
        provider.open(
            OpenRequest.of(name).readOnly().withDirectory(directory).withOwner("Lucene")));
  }

  @Override
  void remove(String name) throws IOException {
    provider.delete(name, new Deletion(true, NameDurability.ON_FORCE, directory));
  }

  @Override
  void move(String name, String newName) throws IOException {
    OpenFile file = opened(name);
    if (file == null) {
      provider.rename(name, newName, NameDurability.ON_FORCE, directory);
    } else {
      file.region().rename(newName);
    }
  }

  @Override
  void force(OpenFile file) throws IOException {
    file.region().force();
  }

  @Override
  void forceNames() throws IOException {
    provider.forceNames();
  }

  @Override
  void close() {}
}
