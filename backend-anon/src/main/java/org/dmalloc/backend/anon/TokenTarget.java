/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.FileFacts;
import org.dmalloc.linux.LocatedFile;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Seal;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.ProcessIdentity;

/**
 * The memfd that a token was made for, found and not opened yet. It is compared with the token
 * before it is opened, so that nothing else ever is, and once more when it is open.
 */
final class TokenTarget implements AutoCloseable {
  private static final String NAME_START = "/memfd:";
  private static final String NAME_END = " (deleted)";
  private static final String ANOTHER_TOKEN = "get another token where the region is open";

  private final ShareToken token;
  private final LocatedFile file;

  private TokenTarget(ShareToken token, LocatedFile file) {
    this.token = token;
    this.file = file;
  }

  /**
   * Finds it.
   *
   * @throws MemoryException if the process is not there, is another one by now, or another user's;
   *     or if its descriptor is closed, or leads to something else
   */
  static TokenTarget find(ShareToken token) throws MemoryException {
    if (token.namespace() != ProcessIdentity.pidNamespace()) {
      throw refused(
          token,
          "its process is in another pid namespace",
          "attach it in the container in which it was shared");
    }
    requireProcess(token);
    LocatedFile file;
    try {
      file = LocatedFile.of(token.pid(), token.descriptor(), token.target());
    } catch (MemoryException e) {
      throw explained(token, e);
    }
    TokenTarget found = new TokenTarget(token, file);
    try {
      found.requireFile(file.facts());
      found.requireName(file.kernelName());
      return found;
    } catch (MemoryException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static void requireProcess(ShareToken token) throws MemoryException {
    Optional<ProcessIdentity> process = ProcessIdentity.of(token.pid());
    if (process.isEmpty()) {
      throw refused(token, "there is no such process any more", ANOTHER_TOKEN);
    }
    if (process.get().startTicks() != token.startTicks()) {
      throw refused(
          token, "that process has ended, and its number is another's by now", ANOTHER_TOKEN);
    }
    long own = ProcessIdentity.self().user();
    long user = process.get().user();
    if (user != own) {
      throw refused(
          token,
          String.format(
              Locale.ROOT, "that process is of user %d, and this one is of user %d", user, own),
          "share it with processes of its user, or have a region with a name in a directory that"
              + " both may use");
    }
  }

  private static MemoryException explained(ShareToken token, MemoryException failure) {
    if (failure.errno() == Errno.ENOENT) {
      return refused(token, "that descriptor is closed: the region is, or has moved");
    }
    if (failure.errno() == Errno.EACCES || failure.errno() == Errno.EPERM) {
      return MemoryException.of(
          "attach",
          -1,
          token.target(),
          Errno.name(failure.errno()),
          failure.errno(),
          "that process is not to be looked into by this one: both have to be in one user"
              + " namespace, with the same privileges, and it must be dumpable (prctl)",
          failure);
    }
    return failure;
  }

  private void requireFile(FileFacts facts) throws MemoryException {
    if (facts.device() != token.device() || facts.inode() != token.inode()) {
      throw refused(
          token,
          "that descriptor leads to another file by now: the region is closed, or has moved");
    }
  }

  private void requireName(String name) throws MemoryException {
    if (!name.startsWith(NAME_START)) {
      throw refused(token, "that descriptor is no memfd's");
    }
    if (!name.endsWith(":" + token.secret().digest() + NAME_END)) {
      throw refused(token, "the token's secret is not that of the memfd");
    }
  }

  /** What tells the file from all others that are open on this machine. */
  String key() {
    return key(token.device(), token.inode());
  }

  static String key(long device, long inode) {
    return String.format(Locale.ROOT, "%x.%d", device, inode);
  }

  /** Opens it; the caller closes what comes, when closing it drops no locks. */
  OpenFile open() throws MemoryException {
    return file.open(AccessMode.READ_WRITE);
  }

  /**
   * Compares what was opened with the token.
   *
   * @return its size in bytes
   * @throws MemoryException if others could cut it, it is smaller than it was, or its process has
   *     ended meanwhile
   */
  long check(OpenFile open) throws MemoryException {
    FileFacts facts = open.facts();
    requireFile(facts);
    if (!Seal.of(open).contains(Seal.SHRINK)) {
      throw refused(
          token,
          "it is not sealed: whoever cut it short would end this process at an access",
          "attach what 'share' gives a token for");
    }
    if (facts.byteSize() < token.byteSize()) {
      throw MemoryException.of(
          "attach",
          token.byteSize(),
          token.target(),
          "it has " + facts.byteSize() + " bytes",
          ANOTHER_TOKEN);
    }
    requireProcess(token);
    return facts.byteSize();
  }

  /** What to throw where another process keeps all others out. */
  MemoryException excluded() {
    return refused(
        token, "a process keeps others out of it for a while, to move it say", "try again");
  }

  @Override
  public void close() {
    file.close();
  }

  private static MemoryException refused(ShareToken token, String reason) {
    return refused(token, reason, ANOTHER_TOKEN);
  }

  private static MemoryException refused(ShareToken token, String reason, String nextStep) {
    return MemoryException.of("attach", token.target(), reason, nextStep);
  }
}
