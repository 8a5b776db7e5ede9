/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.spi.region.Uninterrupted;
import org.dmalloc.spi.sharing.MemberLocks;
import org.jspecify.annotations.Nullable;

/**
 * Who has a store's file open: other processes, and this one, whose openers are one member.
 *
 * <p><b>Threads.</b> The monitor guards the exclusion of others.
 */
final class FileMembers implements RegionMembers {
  /** The lock of whoever changes size or header. */
  private static final String HEADER = "dmalloc.header";

  /** Growth of a reserved region may take as long as the device needs for the space. */
  private static final Duration TURN_TIMEOUT = Duration.ofSeconds(10);

  private static final long ASK_MILLIS = 1;

  private final LockedFile file;

  /** Null while nobody is kept out. */
  private @Nullable Hold exclusion;

  /** How many keep others out. */
  private int excluders;

  FileMembers(LockedFile file) {
    this.file = file;
  }

  private MemberLocks locks() {
    return Objects.requireNonNull(file.member());
  }

  @Override
  public int self() {
    return locks().self();
  }

  @Override
  public boolean isAlive(int member) throws MemoryException {
    return locks().isAlive(member);
  }

  @Override
  public List<Long> processes() {
    return locks().processes();
  }

  @Override
  public Optional<Hold> tryHold(String what) throws MemoryException {
    return locks().tryHold(what);
  }

  /** Waits until no other process, and no other opener in this one, changes size or header. */
  Hold awaitTurn(String operation, Path path) throws MemoryException {
    long start = System.nanoTime();
    while (true) {
      Optional<Hold> turn = tryHold(HEADER);
      if (turn.isPresent()) {
        return turn.get();
      }
      if (System.nanoTime() - start > TURN_TIMEOUT.toNanos()) {
        throw StoreErrors.turnTaken(operation, path, TURN_TIMEOUT);
      }
      Uninterrupted.await(
          () -> {
            Thread.sleep(ASK_MILLIS);
            return true;
          });
    }
  }

  /** Those who keep others out by this file do so together, until the last has ended that. */
  @Override
  public synchronized Optional<Hold> tryExclude() throws MemoryException {
    if (exclusion == null) {
      exclusion = file.tryExclude().orElse(null);
    }
    if (exclusion == null) {
      return Optional.empty();
    }
    excluders++;
    return Optional.of(new Excluder());
  }

  synchronized boolean excludes() {
    return exclusion != null;
  }

  private synchronized void ended() throws MemoryException {
    excluders--;
    Hold last = exclusion;
    if (excluders == 0 && last != null) {
      exclusion = null;
      last.close();
    }
  }

  private final class Excluder implements Hold {
    private boolean closed;

    @Override
    public void close() throws MemoryException {
      synchronized (FileMembers.this) {
        if (!closed) {
          closed = true;
          ended();
        }
      }
    }
  }

  @Override
  public String toString() {
    return locks().toString();
  }
}
