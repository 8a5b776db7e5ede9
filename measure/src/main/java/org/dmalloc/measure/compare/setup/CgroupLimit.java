/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.dmalloc.spi.machine.KernelFiles;

/** Memory cgroups below a directory of the cgroup file system, of either version. */
public final class CgroupLimit implements MemoryLimit {
  private static final AtomicLong NUMBER = new AtomicLong();

  /** The shell enters the group, then becomes the program: nothing of it runs outside. */
  private static final String ENTER = "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"";

  private final SetupJournal journal;
  private final KernelFiles files;
  private final Path parent;
  private final Version version;

  enum Version {
    V1(1, "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"),
    V2(2, "memory.max", "memory.peak", "memory.events");

    final int number;
    final String limitFile;
    final String peakFile;
    final String killsFile;

    Version(int number, String limitFile, String peakFile, String killsFile) {
      this.number = number;
      this.limitFile = limitFile;
      this.peakFile = peakFile;
      this.killsFile = killsFile;
    }
  }

  CgroupLimit(SetupJournal journal, KernelFiles files, Path parent, Version version) {
    this.journal = journal;
    this.files = files;
    this.parent = parent;
    this.version = version;
  }

  @Override
  public String description() {
    return "memory cgroup version " + version.number + " below " + parent;
  }

  @Override
  public Place create(long byteSize) throws IOException {
    long pid = ProcessHandle.current().pid();
    Path group = parent.resolve("dmalloc-compare-" + pid + "-" + NUMBER.incrementAndGet());
    Change change = Change.of(Change.Kind.CGROUP, group.toString());
    journal.add(change);
    try {
      Files.createDirectory(
          group,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
      KernelSetting.write(group.resolve(version.limitFile), String.valueOf(byteSize));
    } catch (IOException e) {
      journal.takeBack(change);
      throw e;
    }
    return new Group(group, change);
  }

  private final class Group implements Place {
    private final Path directory;
    private final Change change;

    Group(Path directory, Change change) {
      this.directory = directory;
      this.change = change;
    }

    @Override
    public List<String> wrap(List<String> command) {
      return Stream.concat(
              Stream.of("/bin/sh", "-c", ENTER, directory.toString()), command.stream())
          .toList();
    }

    @Override
    public String peakFile() {
      return directory.resolve(version.peakFile).toString();
    }

    @Override
    public OptionalLong peakBytes() {
      return files.number(peakFile());
    }

    @Override
    public OptionalLong outOfMemoryKills() {
      return files.field(directory.resolve(version.killsFile).toString(), "oom_kill");
    }

    @Override
    public void close() throws IOException {
      journal.takeBack(change);
    }
  }
}
