/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;

/** A place of its own in the service, behind a proxy of its own. */
final class StoreRig implements AutoCloseable {
  /** Tries again as long as others, and as often as it can. */
  static final Limits EAGER = limits(Duration.ofSeconds(20));

  /** Gives up soon. */
  static final Limits IMPATIENT = limits(Duration.ofMillis(300));

  private static Limits limits(Duration retries) {
    return new Limits(
        Duration.ofSeconds(5),
        Duration.ofSeconds(5),
        Duration.ofSeconds(8),
        64 << 10,
        retries,
        Duration.ofMillis(5),
        20);
  }

  final ObjectService service;
  final FaultProxy proxy;
  final String prefix = ObjectService.freshPrefix();

  StoreRig() throws IOException {
    service = ObjectService.shared();
    proxy = FaultProxy.before(service.address());
  }

  String location() {
    return "s3://" + ObjectService.BUCKET + "/" + prefix + "?endpoint=" + proxy.endpoint();
  }

  /** What Configuration Admin would have for it. */
  Map<String, Map<String, ?>> configured() {
    return Map.of(
        ConfiguredAccess.PID + "~tests",
        Map.of(
            ConfiguredAccess.ENDPOINT,
            proxy.endpoint(),
            ConfiguredAccess.ACCESS_KEY_ID,
            ObjectService.ACCESS_KEY_ID,
            ConfiguredAccess.SECRET_ACCESS_KEY,
            ObjectService.SECRET_ACCESS_KEY));
  }

  BackupStore open(Limits limits) throws MemoryException {
    return new S3StoreOpener(this::configured, limits).open(URI.create(location()), Map.of());
  }

  BackupStore open() throws MemoryException {
    return open(Limits.DEFAULT);
  }

  @Override
  public void close() throws IOException {
    proxy.close();
  }
}
