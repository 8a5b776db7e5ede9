/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.BackupStoreOpener;
import org.junit.jupiter.api.Test;

/** What messages show of the address of a store that cannot be opened. */
final class AddressTest {
  private static final String KEY = "k3y";

  private final Backups backups =
      new Backups(
          () ->
              List.of(
                  new BackupStoreOpener() {
                    @Override
                    public String scheme() {
                      return "s3";
                    }

                    @Override
                    public BackupStore open(URI location, Map<String, String> options) {
                      throw new AssertionError("opened " + location);
                    }
                  }),
          InstantSource.system());

  private String refusal(String location) {
    return assertThrows(
            IllegalArgumentException.class, () -> backups.open(location, Map.of()).close())
        .getMessage();
  }

  @Test
  void parametersAreNotShown() {
    assertEquals(
        "address 's3://bucket/a b?…' of a store is no URI: Illegal character in path",
        refusal("s3://bucket/a b?secret.access.key=" + KEY));
    String unknown = refusal("gs://bucket/prefix?key=" + KEY);
    assertTrue(unknown.startsWith("address 'gs://bucket/prefix?…' of a store: nobody"), unknown);
  }

  @Test
  void aPasswordIsNotShown() {
    String refusal = refusal("s3://me:" + KEY + "@bucket/a b");
    assertTrue(refusal.startsWith("address 's3://…@bucket/a b' of a store has cred"), refusal);
  }
}
