/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;

/**
 * A machine in a JVM of its own, which knows of others by the store alone. Its arguments are what
 * it does, its directory, and the store's address; its credentials are in the environment.
 */
final class MachineMain {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private MachineMain() {}

  public static void main(String[] arguments) throws Exception {
    BackupService service = BackupService.load();
    try (Machine machine = new Machine(Path.of(arguments[1]));
        BackupStore store = service.open(arguments[2])) {
      if (arguments[0].equals("begin")) {
        begin(service, store, machine);
      } else {
        goOn(service, store, machine);
      }
    }
  }

  /** Makes checkpoints until it is killed, and says which the store has. */
  private static void begin(BackupService service, BackupStore store, Machine machine)
      throws Exception {
    MemoryRegion region = machine.allocate("orders");
    Backup backup = service.keep(region, store, RetentionPolicy.EVERYTHING);
    for (long round = 1; ; round++) {
      long number = Machine.step(region, round);
      if (round % 5 == 0) {
        backup.await(number, DEADLINE);
        System.out.println("kept " + backup.status().kept() + " made " + number);
      }
    }
  }

  /** Restores the newest checkpoint, goes on from it, and backs that up in the same store. */
  private static void goOn(BackupService service, BackupStore store, Machine machine)
      throws Exception {
    BackupInfo first = service.list(store).getFirst();
    List<MemoryRegion> restored =
        service.restore(
            store, RestoreRequest.of(first.id()), machine.provider(), ProgressListener.NONE);
    MemoryRegion region = restored.getFirst();
    long round = Machine.round(region);
    System.out.println("restored " + round);
    try (Backup backup =
        service.keep(
            region.checkpoints(),
            store,
            KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING))) {
      long number = 0;
      for (int i = 0; i < 5; i++) {
        number = Machine.step(region, ++round);
      }
      System.out.println("went on " + backup.await(number, DEADLINE) + " to " + round);
    }
    region.close();
  }
}
