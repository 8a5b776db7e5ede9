/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.dmalloc.spi.machine.Cgroup;
import org.dmalloc.spi.machine.KernelFiles;

/** A control group with a memory limit for the children of one test: Linux, and root. */
public final class MemoryGroup implements AutoCloseable {
  private static final Path VERSION_ONE = Path.of("/sys/fs/cgroup/memory");
  private static final Path VERSION_TWO = Path.of("/sys/fs/cgroup");

  private final Path directory;

  private MemoryGroup(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes one. Where that is not possible the test is skipped, and says why.
   *
   * @param limitBytes RAM for all of its members, swap not counted
   * @throws IOException if the limit cannot be set; nothing is left then
   */
  public static MemoryGroup of(long limitBytes) throws IOException {
    boolean one = Files.exists(VERSION_ONE.resolve("memory.limit_in_bytes"));
    boolean two =
        Cgroup.listsMemory(
            KernelFiles.ofThisMachine(), VERSION_TWO.resolve("cgroup.subtree_control"));
    Skip.unlessRoot("a control group with a memory limit");
    if (!one && !two) {
      Skip.because(
          "no memory controller of version 1, nor one of version 2 for children of the root");
    } else if (!Files.isWritable(one ? VERSION_ONE : VERSION_TWO)) {
      Skip.because("the control groups are mounted read-only");
    }
    Path parent = one ? VERSION_ONE : VERSION_TWO;
    MemoryGroup group =
        new MemoryGroup(Files.createDirectory(parent.resolve("dmalloc-" + UUID.randomUUID())));
    try {
      String file = one ? "memory.limit_in_bytes" : "memory.max";
      Files.writeString(group.directory.resolve(file), Long.toString(limitBytes));
      return group;
    } catch (IOException e) {
      group.close();
      throw e;
    }
  }

  public Path directory() {
    return directory;
  }

  /** The command that runs another one as a member. */
  public List<String> running(List<String> command) {
    List<String> whole = new ArrayList<>();
    String enter = "echo $$ > " + directory.resolve("cgroup.procs") + " && exec \"$@\"";
    whole.addAll(List.of("sh", "-c", enter, "sh"));
    whole.addAll(command);
    return whole;
  }

  /** Removes it; throws if it still has members. */
  @Override
  public void close() throws IOException {
    Files.delete(directory);
  }
}
