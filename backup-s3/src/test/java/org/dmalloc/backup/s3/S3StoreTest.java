/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.BackupStoreContract;
import org.dmalloc.backup.StoreConflictException;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.s3.FaultProxy.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** The contract over real HTTP, and what only such a store has. */
class S3StoreTest extends BackupStoreContract {
  private StoreRig rig;

  @Override
  protected BackupStore open() throws Exception {
    if (rig == null) {
      rig = new StoreRig();
    }
    return rig.open(StoreRig.EAGER);
  }

  @Override
  protected int manyObjects() {
    return 2 * StoreRig.EAGER.listed() + 1;
  }

  @AfterEach
  void closeTheRig() throws Exception {
    rig.close();
  }

  private List<String> keysInTheBucket() throws Exception {
    try (S3Client client = rig.service.client()) {
      return client
          .listObjectsV2(request -> request.bucket(ObjectService.BUCKET).prefix(rig.prefix + "/"))
          .contents()
          .stream()
          .map(each -> each.key())
          .toList();
    }
  }

  @Test
  void keysHaveThePrefixOfTheAddressAndProbesGo() throws Exception {
    try (BackupStore store = open()) {
      assertFalse(store.isLocal());
      assertEquals(rig.location(), store.location());
      assertEquals(List.of(), keysInTheBucket(), "who only reads writes nothing");
      store.put("objects/a", content(new byte[] {1}));
      assertEquals(List.of(rig.prefix + "/objects/a"), keysInTheBucket());
    }
  }

  @Test
  void whatAProgramForFoldersLeftIsNoObject() throws Exception {
    try (BackupStore store = open();
        S3Client client = rig.service.client()) {
      store.put("objects/a", content(new byte[] {1}));
      client.putObject(
          request -> request.bucket(ObjectService.BUCKET).key(rig.prefix + "/objects/"),
          RequestBody.empty());
      assertEquals(List.of(new StoredObject("objects/a", 1)), store.list(""));
    }
  }

  @Test
  void aStoreThatIgnoresConditionsForNewObjectsIsRefused() throws Exception {
    try (BackupStore store = open()) {
      AtomicInteger writes = new AtomicInteger();
      rig.proxy.faults =
          request -> request.isWrite() && writes.incrementAndGet() > 1 ? Fault.LIE : Fault.NONE;
      MemoryException refused =
          assertThrows(
              MemoryException.class, () -> store.put("objects/a", content(new byte[] {1})));
      assertTrue(refused.getMessage().contains("it ignores If-None-Match"), refused.getMessage());
      assertEquals(List.of(), keysInTheBucket());
    }
  }

  @Test
  void aStoreThatIgnoresConditionsForOldObjectsIsRefused() throws Exception {
    try (BackupStore store = open()) {
      rig.proxy.faults = request -> request.header("If-Match").isEmpty() ? Fault.NONE : Fault.LIE;
      MemoryException refused =
          assertThrows(
              MemoryException.class,
              () -> store.replace("heads/a", null, ByteBuffer.wrap(new byte[] {1})));
      assertTrue(refused.getMessage().contains("it ignores If-Match"), refused.getMessage());
      assertEquals(List.of(), keysInTheBucket());
    }
  }

  /** As Ceph does. */
  @Test
  void aStoreThatComparesTagsWithoutQuotesIsTakenAsItIs() throws Exception {
    try (BackupStore store = open()) {
      rig.proxy.faults =
          request -> request.header("If-Match").startsWith("\"") ? Fault.CONDITION : Fault.NONE;
      String tag = store.replace("heads/a", null, ByteBuffer.wrap(new byte[] {1}));
      String next = store.replace("heads/a", tag, ByteBuffer.wrap(new byte[] {2}));
      assertEquals(next, store.get("heads/a").orElseThrow().tag());
      assertThrows(
          StoreConflictException.class,
          () -> store.replace("heads/a", tag, ByteBuffer.wrap(new byte[] {3})));
    }
  }

  @Test
  void wrongAddressesShowAtOnce() throws Exception {
    open().close();
    S3StoreOpener opener = new S3StoreOpener(rig::configured, StoreRig.IMPATIENT);
    String endpoint = "?endpoint=" + rig.proxy.endpoint();
    MemoryException noBucket =
        assertThrows(
            MemoryException.class,
            () -> opener.open(URI.create("s3://no-such-bucket/x" + endpoint), Map.of()));
    assertEquals(
        "open backup store s3://no-such-bucket/x"
            + endpoint
            + ": HTTP 404 NoSuchBucket; make the bucket, or correct the address",
        noBucket.getMessage());
    rig.proxy.stop();
    MemoryException noService =
        assertThrows(
            MemoryException.class, () -> opener.open(URI.create(rig.location()), Map.of()));
    assertEquals(
        "open backup store "
            + rig.location()
            + ": Connection refused; see that the endpoint can be reached from here",
        noService.getMessage());
  }

  @Test
  void isOfNoUseOnceItIsClosedByItsBundle() throws Exception {
    open().close();
    S3StoreOpener opener = new S3StoreOpener(rig::configured, Limits.DEFAULT);
    BackupStore store = opener.open(URI.create(rig.location()), Map.of());
    opener.closeAll();
    MemoryException closed = assertThrows(MemoryException.class, () -> store.list(""));
    assertTrue(closed.getMessage().endsWith("the store is closed; open it again"));
    store.close();
  }
}
