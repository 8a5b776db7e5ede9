/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * A file that was found and not opened (O_PATH): no device is woken by that, no pipe waited for,
 * and closing it drops no record lock. It stays that file, whatever its path leads to later.
 *
 * <p><b>Ownership.</b> Who has it located closes it. What it opens is apart from it.
 */
public final class LocatedFile implements AutoCloseable {
  private static final String OWN = "/proc/self/fd/";

  private final OpenFile descriptor;

  private LocatedFile(OpenFile descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Finds what a descriptor of a process leads to.
   *
   * @param target what messages call it
   * @throws MemoryException if there is no such descriptor (ENOENT), or this process may not look
   *     into that one (EACCES)
   */
  public static LocatedFile of(int pid, int descriptor, String target) throws MemoryException {
    Platform.require();
    String path = "/proc/" + pid + "/fd/" + descriptor;
    long result = Libc.open(path, Abi.O_PATH | Abi.O_CLOEXEC, 0);
    return new LocatedFile(OpenFile.opened("open", target, result, AccessMode.READ_ONLY));
  }

  /** Size and identity, now. */
  public FileFacts facts() throws MemoryException {
    return descriptor.facts();
  }

  /**
   * What the kernel calls the file: its path, of one in memory {@code /memfd:NAME (deleted)}.
   *
   * @throws MemoryException if {@code /proc} is missing
   */
  public String kernelName() throws MemoryException {
    return descriptor.use(
        fd -> {
          Path link = Path.of(OWN + fd);
          try {
            return Files.readSymbolicLink(link).toString();
          } catch (IOException e) {
            throw Errno.exception("readlink", -1, link.toString(), e);
          }
        });
  }

  /**
   * Opens the file.
   *
   * @throws MemoryException if this user may not, or {@code /proc} is missing
   */
  public OpenFile open(AccessMode access) throws MemoryException {
    int flags = access == AccessMode.READ_ONLY ? Abi.O_RDONLY : Abi.O_RDWR;
    return descriptor.use(
        fd ->
            OpenFile.opened(
                "open",
                descriptor.target(),
                Libc.open(OWN + fd, flags | Abi.O_CLOEXEC, 0),
                access));
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
