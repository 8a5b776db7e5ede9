/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.BackupStoreOpener;

/** Opens stores in buckets. Without configurations, credentials come from the client's chain. */
public final class S3StoreOpener implements BackupStoreOpener {
  /** What is configured now, by PID. */
  @FunctionalInterface
  interface Configurations {
    Map<String, Map<String, ?>> all() throws MemoryException;
  }

  private final Configurations configurations;
  private final Limits limits;
  private final Set<S3Store> open = ConcurrentHashMap.newKeySet();

  /** The opener of a program without OSGi. */
  public S3StoreOpener() {
    this(Map::of, Limits.DEFAULT);
  }

  S3StoreOpener(Configurations configurations, Limits limits) {
    this.configurations = configurations;
    this.limits = limits;
  }

  @Override
  public String scheme() {
    return S3Location.SCHEME;
  }

  @Override
  public BackupStore open(URI location, Map<String, String> options) throws MemoryException {
    S3Location address = S3Location.parse(location, options);
    List<ConfiguredAccess> configured = new ArrayList<>();
    configurations
        .all()
        .forEach((pid, properties) -> configured.add(ConfiguredAccess.of(pid, properties)));
    ConfiguredAccess access = ConfiguredAccess.best(configured, address);
    Connection connection = Connection.open(address, access, limits);
    S3Store store = new S3Store(address, connection, open::remove);
    open.add(store);
    try {
      store.requireReachable();
    } catch (MemoryException | RuntimeException | Error e) {
      store.close();
      throw e;
    }
    return store;
  }

  /** Closes the stores that are still open: their code goes with the bundle. */
  void closeAll() {
    List.copyOf(open).forEach(S3Store::close);
  }
}
