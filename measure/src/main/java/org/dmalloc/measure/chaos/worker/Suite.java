/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.backup.BackupService;
import org.dmalloc.heap.HeapService;

/** The suite as a worker has it: in plain Java, in a container, or made up for a test. */
public interface Suite extends AutoCloseable {
  /** The provider whose regions move. */
  String MANAGED = "managed";

  /** The names of all providers, the managed one included, whether they are there now or not. */
  List<String> names();

  /**
   * A provider.
   *
   * @throws IllegalStateException if it is not there now
   */
  MemoryProvider provider(String name);

  /**
   * What moves regions.
   *
   * @throws IllegalStateException if it is not there now
   */
  RegionMover mover();

  /**
   * The heaps.
   *
   * @throws IllegalStateException if they are not there now
   */
  HeapService heaps();

  /** The backups; empty where the suite has none, or not now. */
  Optional<BackupService> backups();

  /** Whether parts of it may be away for a while, so that calls throw IllegalStateException. */
  boolean comesAndGoes();

  /**
   * Stops and starts a part of it.
   *
   * @param choice any number, which decides what and for how long
   * @return what was done, in a word
   */
  default String disturb(long choice) throws Exception {
    throw new UnsupportedOperationException("nothing here stops");
  }

  /** Stops it. */
  @Override
  void close();
}
