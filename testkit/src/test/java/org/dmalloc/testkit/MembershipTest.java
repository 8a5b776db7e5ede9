/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.sharing.Membership;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Users of one file in one process, which are one member until the last is gone. */
final class MembershipTest {
  private static final String KEY = "membership-test";

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void make() throws IOException {
    file = Files.createFile(directory.resolve("shared"));
  }

  private FileChannel channel() throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private Membership join() throws IOException {
    FileChannel channel = channel();
    synchronized (Membership.monitor(KEY)) {
      return Membership.join(KEY, channel, file, List.of(channel)).orElseThrow();
    }
  }

  /** Whether the kernel takes this process for a member. */
  private boolean isMember() {
    return LockHolders.pids(file).contains(ProcessHandle.current().pid());
  }

  @Test
  void theFirstToGoTakesNoLocksAlong() throws Exception {
    Membership first = join();
    Membership second = join();
    assertEquals(first.self(), second.self());
    first.end();
    assertTrue(isMember());
    Membership third = join();
    assertEquals(second.self(), third.self());
    first.end(); // once more
    second.end();
    assertTrue(isMember());
    third.end();
    assertFalse(isMember());
    Membership anew = join();
    assertTrue(isMember());
    anew.end();
    assertFalse(isMember());
  }

  @Test
  void aDescriptorThatIsLeftIsKeptForTheLast() throws Exception {
    Membership user = join();
    FileChannel refused = channel();
    synchronized (Membership.monitor(KEY)) {
      Membership.leave(KEY, List.of(refused));
    }
    assertTrue(refused.isOpen());
    assertTrue(isMember());
    user.end();
    assertFalse(refused.isOpen());
    FileChannel alone = channel();
    synchronized (Membership.monitor(KEY)) {
      Membership.leave(KEY, List.of(alone));
    }
    assertFalse(alone.isOpen());
  }

  @Test
  void whoKeepsOthersOutDoesSoUntilTheLastHoldEnds() throws Exception {
    Membership user = join();
    RegionMembers.Hold outer = user.tryExclude().orElseThrow();
    RegionMembers.Hold inner = user.tryExclude().orElseThrow();
    inner.close();
    inner.close();
    assertTrue(isExcluded());
    outer.close();
    assertFalse(isExcluded());
    Membership second = join();
    assertTrue(user.tryExclude().isEmpty());
    user.end();
    RegionMembers.Hold last = second.tryExclude().orElseThrow();
    second.end();
    last.close();
    assertFalse(isExcluded());
  }

  private boolean isExcluded() throws IOException {
    FileChannel channel = channel();
    synchronized (Membership.monitor(KEY)) {
      Optional<Membership> joined = Membership.join(KEY, channel, file, List.of(channel));
      if (joined.isEmpty()) {
        Membership.leave(KEY, List.of(channel));
        return true;
      }
      joined.get().end();
      return false;
    }
  }

  /** A copy of the class, as a second version of its bundle is. */
  private static final class SecondCopy extends ClassLoader {
    private static final String PACKAGE = "org.dmalloc.spi.sharing.";

    SecondCopy() {
      super(MembershipTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded != null || !name.startsWith(PACKAGE)) {
          return loaded != null ? loaded : super.loadClass(name, resolve);
        }
        try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
          assertNotNull(in, name);
          byte[] code = in.readAllBytes();
          return defineClass(name, code, 0, code.length);
        } catch (IOException e) {
          throw new ClassNotFoundException(name, e);
        }
      }
    }
  }

  @Test
  void usersOfTwoVersionsOfTheBundleAreOneMemberToo() throws Exception {
    Class<?> other = new SecondCopy().loadClass(Membership.class.getName());
    Method join = other.getMethod("join", String.class, FileChannel.class, Path.class, List.class);
    Membership first = join();
    FileChannel channel = channel();
    RegionMembers second;
    synchronized (Membership.monitor(KEY)) {
      second =
          (RegionMembers)
              ((Optional<?>) join.invoke(null, KEY, channel, file, List.of(channel))).orElseThrow();
    }
    assertFalse(second instanceof Membership);
    assertEquals(first.self(), second.self());
    assertTrue(first.tryExclude().isEmpty());
    first.end();
    assertTrue(isMember());
    assertTrue(second.tryExclude().isPresent());
    other.getMethod("end").invoke(second);
    Await.until("the descriptors that the first has left to be closed", () -> !isMember());
  }
}
