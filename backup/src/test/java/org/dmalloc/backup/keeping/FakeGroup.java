/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.Access;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;

/**
 * A checkpointed group in memory, as {@link CheckpointLog} says that one is: a journal of the last
 * two checkpoints, whose places are used again when they are applied and the followers have them;
 * files that get the pages of a checkpoint later, some of them before others; and followers on
 * threads of their own.
 */
final class FakeGroup implements CheckpointLog {
  private static final int PAGE = SealedCheckpoint.PAGE_BYTES;

  /** A region: what is stored now, what the last checkpoint has, and what the file has. */
  private static final class Member {
    final int number;
    final MemoryRegion region;
    byte[] sealed;
    byte[] file;

    Member(int number, MemoryRegion region) {
      this.number = number;
      this.region = region;
      this.sealed = new byte[Math.toIntExact(region.byteSize())];
      this.file = sealed.clone();
    }
  }

  /** A checkpoint in the journal. */
  private record Sealed(
      long number, Instant at, List<SealedCheckpoint.Member> members, Map<String, byte[][]> changed)
      implements SealedCheckpoint {
    @Override
    public void read(PageVisitor visitor) throws MemoryException {
      for (Map.Entry<String, byte[][]> member : changed.entrySet()) {
        byte[][] pages = member.getValue();
        for (int i = 0; i < pages.length; ) {
          int end = i;
          while (end < pages.length && pages[end] != null && end - i < 40) {
            end++;
          }
          if (end > i) {
            ByteBuffer run = ByteBuffer.allocateDirect((end - i) * PAGE);
            for (int p = i; p < end; p++) {
              run.put(pages[p]);
            }
            visitor.pages(member.getKey(), (long) i * PAGE, run.flip().asReadOnlyBuffer());
          }
          i = Math.max(end, i + 1);
        }
      }
    }

    @Override
    public List<SealedCheckpoint.Member> members() {
      return members;
    }
  }

  /** A follower and its thread. */
  private final class Session implements Following {
    final Follower follower;
    final long first;
    long taken;
    boolean over;
    Thread thread;

    Session(Follower follower, long after) {
      this.follower = follower;
      this.first = after + 1;
      this.taken = after;
    }

    void run() {
      Throwable reason;
      try {
        while (true) {
          Sealed next;
          synchronized (FakeGroup.this) {
            while (!over && open && !journal.containsKey(taken + 1)) {
              FakeGroup.this.wait();
            }
            if (over) {
              return;
            }
            next = journal.get(taken + 1);
            if (next == null) {
              reason = new IllegalStateException("group " + name + " is closed");
              break;
            }
          }
          follower.sealed(next);
          synchronized (FakeGroup.this) {
            taken++;
            FakeGroup.this.notifyAll();
          }
        }
      } catch (MemoryException | InterruptedException | RuntimeException e) {
        reason = e;
      }
      synchronized (FakeGroup.this) {
        over = true;
        sessions.remove(this);
        FakeGroup.this.notifyAll();
      }
      follower.ended(reason);
    }

    @Override
    public long first() {
      return first;
    }

    @Override
    public void close() {
      synchronized (FakeGroup.this) {
        over = true;
        sessions.remove(this);
        FakeGroup.this.notifyAll();
      }
      try {
        if (!Thread.currentThread().equals(thread)) {
          thread.join();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private final UUID id;
  private final String name;
  private final InstantSource clock;
  private final InMemoryProvider provider =
      InMemoryProvider.files("fake", new InMemoryStore("/fake"));
  private final Map<String, Member> members = new LinkedHashMap<>();
  private final TreeMap<Long, Sealed> journal = new TreeMap<>();
  private final List<Session> sessions = new CopyOnWriteArrayList<>();
  private int nextMember = 1;
  private long number;
  private Instant at = Instant.EPOCH;
  private long applied;
  private boolean open = true;

  /** Called before each read of a file; may make checkpoints. */
  Runnable onRead = () -> {};

  FakeGroup(String name, InstantSource clock) {
    this(name, clock, UUID.randomUUID());
  }

  /** One with the id of another, as a copy of its files has. */
  FakeGroup(String name, InstantSource clock, UUID id) {
    this.id = id;
    this.name = name;
    this.clock = clock;
  }

  synchronized MemoryRegion add(String region, long byteSize) throws MemoryException {
    MemoryRegion made = provider.allocate(RegionRequest.ofSize(byteSize).withName(region));
    members.put(region, new Member(nextMember++, made));
    return made;
  }

  synchronized void remove(String region) throws MemoryException {
    Member member = members.remove(region);
    member.region.close();
    provider.delete(region);
  }

  synchronized void rename(String from, String to) throws MemoryException {
    Member member = members.remove(from);
    member.region.rename(to);
    members.put(to, member);
  }

  void store(String region, long offset, byte... bytes) {
    try (Access access = member(region).region.acquire()) {
      MemorySegment.copy(bytes, 0, access.segment(), JAVA_BYTE, offset, bytes.length);
    }
  }

  /** What a region has now. */
  byte[] bytes(String region) {
    return bytes(member(region).region);
  }

  static byte[] bytes(MemoryRegion region) {
    try (Access access = region.acquire()) {
      return access.segment().toArray(JAVA_BYTE);
    }
  }

  private synchronized Member member(String region) {
    Member member = members.get(region);
    if (member == null) {
      throw new IllegalArgumentException("no region " + region);
    }
    return member;
  }

  @Override
  public UUID id() {
    return id;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public synchronized List<MemoryRegion> regions() {
    return members.values().stream().map(member -> member.region).toList();
  }

  @Override
  public synchronized long checkpoint(ProgressListener progress) throws MemoryException {
    requireOpen();
    Map<String, byte[][]> changed = new HashMap<>();
    List<SealedCheckpoint.Member> states = new ArrayList<>();
    for (Map.Entry<String, Member> each : members.entrySet()) {
      Member member = each.getValue();
      byte[] now = bytes(member.region);
      byte[][] pages = changes(member.sealed, now);
      changed.put(each.getKey(), pages);
      states.add(
          new SealedCheckpoint.Member(
              member.number,
              each.getKey(),
              now.length,
              member.region.length(),
              Arrays.stream(pages).filter(page -> page != null).count()));
      member.sealed = now;
    }
    return seal(states, changed);
  }

  private long seal(List<SealedCheckpoint.Member> states, Map<String, byte[][]> changed)
      throws MemoryException {
    long next = number + 1;
    while (applied < next - 2) {
      apply(applied + 1, 1.0);
    }
    while (sessions.stream().anyMatch(session -> !session.over && session.taken < next - 2)) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw MemoryException.interrupted("checkpoint", -1, name, -1, "nothing was made");
      }
      requireOpen();
    }
    number = next;
    at = clock.instant();
    journal.put(next, new Sealed(next, at, states, changed));
    journal.remove(next - 2);
    notifyAll();
    return next;
  }

  private static byte[][] changes(byte[] before, byte[] now) {
    int pages = (now.length + PAGE - 1) / PAGE;
    byte[][] changed = new byte[pages][];
    for (int i = 0; i < pages; i++) {
      byte[] old = page(before, i);
      byte[] page = page(now, i);
      if (!Arrays.equals(old, page)) {
        changed[i] = page;
      }
    }
    return changed;
  }

  private static byte[] page(byte[] of, int number) {
    byte[] page = new byte[PAGE];
    int from = number * PAGE;
    if (from < of.length) {
      System.arraycopy(of, from, page, 0, Math.min(PAGE, of.length - from));
    }
    return page;
  }

  /** Brings pages of the next checkpoint to the files; all of them make it applied. */
  synchronized void applySome(double share) {
    if (applied < number) {
      apply(applied + 1, share);
    }
  }

  private void apply(long which, double share) {
    Sealed sealed = journal.get(which);
    int count = 0;
    for (SealedCheckpoint.Member state : sealed.members) {
      Member member =
          members.values().stream()
              .filter(each -> each.number == state.number()) // it may be renamed since
              .findFirst()
              .orElse(null);
      if (member == null) {
        continue;
      }
      if (member.file.length < state.byteSize() || share >= 1) {
        member.file = Arrays.copyOf(member.file, (int) state.byteSize());
      }
      byte[][] pages = sealed.changed.get(state.region());
      for (int i = 0; i < pages.length; i++) {
        if (pages[i] != null && (share >= 1 || (count++ * 7 + i) % 10 < share * 10)) {
          int length = Math.min(PAGE, member.file.length - i * PAGE);
          System.arraycopy(pages[i], 0, member.file, i * PAGE, length);
        }
      }
    }
    if (share >= 1) {
      applied = which;
    }
  }

  @Override
  public void discard() {
    throw new UnsupportedOperationException();
  }

  @Override
  public synchronized void awaitApplied() {
    while (applied < number) {
      apply(applied + 1, 1.0);
    }
  }

  @Override
  public synchronized CheckpointStatus status() {
    return new CheckpointStatus(number, at, applied, 0, 1 << 20, 0, null, null);
  }

  @Override
  public synchronized Following follow(long after, Follower follower) {
    requireOpen();
    if (after < 0 || after > number) {
      throw new IllegalArgumentException("after " + after + " of " + number);
    }
    long first = after;
    while (first < number && !journal.containsKey(first + 1)) {
      first++;
    }
    Session session = new Session(follower, first);
    sessions.add(session);
    session.thread = Thread.ofPlatform().daemon().name("fake group").start(session::run);
    return session;
  }

  @Override
  public void readApplied(String region, long offset, MemorySegment into) {
    onRead.run();
    synchronized (this) {
      byte[] file = member(region).file;
      if (offset + into.byteSize() > file.length) {
        throw new IndexOutOfBoundsException(offset + " of " + file.length);
      }
      MemorySegment.copy(file, (int) offset, into, JAVA_BYTE, 0, (int) into.byteSize());
    }
  }

  @Override
  public synchronized long replace(PageSource source) throws MemoryException {
    requireOpen();
    Map<String, byte[]> next = new HashMap<>();
    members.forEach((region, member) -> next.put(region, member.sealed.clone()));
    Map<String, boolean[]> given = new HashMap<>();
    next.forEach(
        (region, bytes) -> given.put(region, new boolean[(bytes.length + PAGE - 1) / PAGE]));
    source.read(
        (region, offset, content) -> {
          byte[] bytes = next.get(region);
          ByteBuffer left = content.duplicate();
          for (int at = (int) offset; left.hasRemaining(); at += PAGE) {
            if (given.get(region)[at / PAGE]) {
              throw new AssertionError("page " + at / PAGE + " of " + region + " twice");
            }
            given.get(region)[at / PAGE] = true;
            byte[] page = new byte[PAGE];
            left.get(page);
            System.arraycopy(page, 0, bytes, at, Math.min(PAGE, bytes.length - at));
          }
        });
    next.forEach((region, bytes) -> store(region, 0, bytes));
    return checkpoint();
  }

  private void requireOpen() {
    if (!open) {
      throw new IllegalStateException("group " + name + " is closed");
    }
  }

  /** As when its last region is closed: followers get what there is, and are told. */
  void close() {
    List<Session> ending;
    synchronized (this) {
      open = false;
      ending = List.copyOf(sessions);
      notifyAll();
    }
    for (Session session : ending) {
      try {
        session.thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** As after a new start of the process: the journal is there. */
  synchronized void reopen() {
    open = true;
  }

  /** Makes it another group that has gone its own way since: the last checkpoint differs. */
  synchronized void pretendOtherPast() {
    Sealed last = journal.get(number);
    journal.put(number, new Sealed(number, last.at.plusSeconds(1), last.members, last.changed));
  }
}
