/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.region.Uninterrupted.Action;

/** Does to a process-shared region what must not happen while somebody else has it open. */
public final class Alone {
  private Alone() {}

  /**
   * Runs the work, and keeps others from opening the region meanwhile.
   *
   * @param members of the region; empty if it is not process-shared, and the work just runs
   * @param operation what it is, for the refusal
   * @param byteSize how many bytes it concerns
   * @param target the region, for the refusal
   * @throws MemoryException if another process has the region open, or this one twice; the message
   *     names the processes
   */
  public static void run(
      Optional<RegionMembers> members, String operation, long byteSize, String target, Action work)
      throws MemoryException {
    if (members.isEmpty()) {
      work.run();
      return;
    }
    RegionMembers.Hold alone =
        members
            .get()
            .tryExclude()
            .orElseThrow(() -> refusal(members.get(), operation, byteSize, target));
    try (alone) {
      work.run();
    }
  }

  /** Throws, as {@link #run} does, if somebody else has the region open now. */
  public static void require(
      Optional<RegionMembers> members, String operation, long byteSize, String target)
      throws MemoryException {
    run(members, operation, byteSize, target, () -> {});
  }

  private static MemoryException refusal(
      RegionMembers members, String operation, long byteSize, String target) {
    List<Long> others = members.processes();
    return MemoryException.of(
        operation,
        byteSize,
        target,
        "it is process-shared, and open "
            + (others.isEmpty()
                ? "in another process, or once more in this one"
                : LockHolders.describe(others) + " too"),
        "close it there first");
  }
}
