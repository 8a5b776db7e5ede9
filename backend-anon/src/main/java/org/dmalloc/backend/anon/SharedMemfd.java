/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.linux.FileFacts;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.ProcessIdentity;
import org.dmalloc.spi.sharing.Membership;

/**
 * A memfd that processes share, as one region of this process has it: its descriptor, the region's
 * part in the process's membership, and what a token says.
 *
 * <p>Each region has descriptors of its own. They are closed when the last region of the process
 * that shows the memfd is gone, since the locks of all would go with the first.
 */
final class SharedMemfd implements AutoCloseable {
  private final OpenFile file;
  private final Membership members;
  private final ShareSecret secret;

  private SharedMemfd(OpenFile file, Membership members, ShareSecret secret) {
    this.file = file;
    this.members = members;
    this.secret = secret;
  }

  /**
   * Makes a new memfd one that is shared.
   *
   * @param file its descriptor, which is closed if this fails
   * @param secret its digest is in the memfd's name
   */
  static SharedMemfd of(OpenFile file, ShareSecret secret) throws MemoryException {
    List<Closeable> descriptors = new ArrayList<>(List.of(file::close));
    String key;
    try {
      FileFacts facts = file.facts();
      key = TokenTarget.key(facts.device(), facts.inode());
    } catch (MemoryException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
    synchronized (Membership.monitor(key)) {
      return joined(key, file, secret, descriptors, () -> {})
          .orElseThrow(() -> new IllegalStateException("nobody else knows of " + file));
    }
  }

  /**
   * Attaches the memfd that a token was made for.
   *
   * @throws MemoryException if there is no such one, as far as the token tells
   */
  static SharedMemfd attach(ShareToken token) throws MemoryException {
    try (TokenTarget target = TokenTarget.find(token)) {
      synchronized (Membership.monitor(target.key())) {
        OpenFile file = target.open();
        List<Closeable> descriptors = new ArrayList<>(List.of(file::close));
        return joined(target.key(), file, token.secret(), descriptors, () -> target.check(file))
            .orElseThrow(target::excluded);
      }
    }
  }

  /** What must hold before the file is used. */
  @FunctionalInterface
  private interface Check {
    void run() throws MemoryException;
  }

  /** Joins the members; the descriptors are closed, as far as that may be, if that fails. */
  private static Optional<SharedMemfd> joined(
      String key, OpenFile file, ShareSecret secret, List<Closeable> descriptors, Check check)
      throws MemoryException {
    Path path = file.ownPath();
    Optional<SharedMemfd> made = Optional.empty();
    try {
      check.run();
      FileChannel channel =
          FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
      descriptors.add(channel);
      made =
          Membership.join(key, channel, path, descriptors)
              .map(members -> new SharedMemfd(file, members, secret));
      return made;
    } catch (MemoryException e) {
      throw e;
    } catch (IOException e) {
      throw Errno.exception("open", -1, file.target(), e);
    } finally {
      if (made.isEmpty()) {
        leave(key, descriptors);
      }
    }
  }

  private static void leave(String key, List<Closeable> descriptors) {
    try {
      Membership.leave(key, descriptors);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  OpenFile file() {
    return file;
  }

  RegionMembers members() {
    return members;
  }

  /** The token by which another process attaches it, for as long as a region here shows it. */
  ShareToken token() throws MemoryException {
    FileFacts facts = file.facts();
    return new ShareToken(
        ProcessIdentity.pidNamespace(),
        (int) ProcessHandle.current().pid(),
        ProcessIdentity.self().startTicks(),
        file.descriptor(),
        facts.device(),
        facts.inode(),
        facts.byteSize(),
        secret);
  }

  @Override
  public void close() {
    try {
      members.end();
    } catch (IOException e) { // close(2) of a file in memory has nothing to fail with
      throw new UncheckedIOException(e);
    }
  }
}
