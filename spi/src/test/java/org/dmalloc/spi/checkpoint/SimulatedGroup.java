/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.Journal.State;
import org.dmalloc.spi.checkpoint.SimulatedFile.Device;

/** A journal and the files of its two members on one simulated device, and who uses them. */
final class SimulatedGroup {
  static final int MEMBERS = 2;
  private static final int PAGE = 4096;
  private static final int MOST_PAGES = 6;
  private static final UUID ID = new UUID(3, 4);

  final Device device = new Device();
  private final Files files;
  private final List<Member> members = new ArrayList<>();

  /** What the regions have, with what is not in a checkpoint yet. */
  private final List<byte[]> memory = new ArrayList<>();

  /** A checkpoint that may be found after a crash. */
  record Attempt(long number, List<byte[]> content, int begun) {}

  /** A checkpoint whose owner was told that it is durable. */
  record Acknowledged(long number, List<byte[]> content, int at) {}

  final List<Attempt> attempts = new ArrayList<>();
  final List<Acknowledged> acknowledged = new ArrayList<>();

  /** The operations that were refused. */
  final Set<String> refused = new HashSet<>();

  private final Random random;
  private Journal journal;

  /** The three files of the journal. */
  static final class Files implements JournalFiles {
    private final List<SimulatedFile> all = new ArrayList<>();

    Files(Device device, List<byte[]> contents) {
      contents.forEach(content -> all.add(new SimulatedFile(device, content)));
    }

    @Override
    public Path path() {
      return Path.of("simulated");
    }

    @Override
    public JournalDisk group() {
      return all.getFirst();
    }

    @Override
    public JournalDisk slot(int index) {
      return all.get(1 + index);
    }

    @Override
    public void delete() {}

    @Override
    public void close() {}
  }

  /** A member's file: size and length in a page of its own, then the content. */
  private static final class Member implements MemberFile {
    private final SimulatedFile file;

    /** Whether the device may lack what the file shows of the header, as a wait failed. */
    private boolean lost;

    Member(Device device, byte[] content) {
      file = new SimulatedFile(device, content);
    }

    byte[] region() {
      ByteBuffer header = ByteBuffer.wrap(Arrays.copyOf(file.content(), 16));
      int size = (int) header.getLong();
      byte[] all = file.content();
      return Arrays.copyOfRange(all, PAGE, PAGE + size);
    }

    @Override
    public void write(long offset, ByteBuffer content) throws IOException {
      file.write(PAGE + offset, content);
    }

    @Override
    public void zero(long offset, long length) throws IOException {
      file.write(PAGE + offset, ByteBuffer.allocate((int) length));
    }

    @Override
    public void read(long offset, ByteBuffer into) {
      file.read(PAGE + offset, into);
    }

    @Override
    public boolean settle(long byteSize, long length) throws IOException {
      ByteBuffer header = ByteBuffer.allocate(16).putLong(byteSize).putLong(length).flip();
      boolean changed = lost || !header.equals(ByteBuffer.wrap(Arrays.copyOf(file.content(), 16)));
      if (changed) {
        file.write(0, header);
        lost = false;
      }
      return changed;
    }

    @Override
    public void sync() throws IOException {
      try {
        file.sync();
      } catch (IOException e) {
        lost = true;
        throw e;
      }
    }
  }

  /** A new one, which is on the device. */
  SimulatedGroup(Random random) throws IOException {
    this.random = random;
    files = new Files(device, List.of(new byte[0], new byte[0], new byte[0]));
    for (int member = 0; member < MEMBERS; member++) {
      members.add(new Member(device, new byte[2 * PAGE]));
      memory.add(new byte[0]);
    }
    journal = Journal.create(files, ID, "g");
    for (int member = 0; member < MEMBERS; member++) {
      journal.add("r" + member);
    }
    acknowledged.add(new Acknowledged(0, copy(), device.operations()));
  }

  /** One of the files that a crash left; opens the journal, and brings it into the files. */
  SimulatedGroup(Random random, List<byte[]> contents) throws IOException {
    this.random = random;
    files = new Files(device, contents.subList(0, 3));
    for (int member = 0; member < MEMBERS; member++) {
      members.add(new Member(device, contents.get(3 + member)));
    }
    journal = Journal.open(files);
    journal.replay(this::open);
    for (Member member : members) {
      memory.add(member.region());
    }
    acknowledged.add(new Acknowledged(journal.sealed(), copy(), device.operations()));
  }

  private Optional<MemberFile> open(int member, String region) {
    return Optional.of(members.get(member - 1));
  }

  Journal journal() {
    return journal;
  }

  List<byte[]> contents() {
    List<byte[]> all = new ArrayList<>();
    files.all.forEach(file -> all.add(file.content()));
    members.forEach(member -> all.add(member.file.content()));
    return all;
  }

  /** What the members' files have. */
  List<byte[]> regions() {
    return members.stream().map(Member::region).toList();
  }

  private List<byte[]> copy() {
    return memory.stream().map(byte[]::clone).toList();
  }

  /** Changes some bytes, and sometimes a size; gives the pages that have changed. */
  private boolean[] change(int member) {
    boolean[] changed = new boolean[MOST_PAGES];
    byte[] before = memory.get(member);
    int size = random.nextInt(3) > 0 ? before.length : random.nextInt(MOST_PAGES * PAGE + 1);
    byte[] after = Arrays.copyOf(before, size);
    for (int i = random.nextInt(4); i > 0 && size > 0; i--) {
      int at = random.nextInt(size);
      int count = Math.min(size - at, 1 + random.nextInt(3 * PAGE));
      if (random.nextInt(4) == 0) {
        Arrays.fill(after, at, at + count, (byte) 0);
      } else {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        System.arraycopy(bytes, 0, after, at, count);
      }
    }
    byte[] old = Arrays.copyOf(before, MOST_PAGES * PAGE);
    byte[] now = Arrays.copyOf(after, MOST_PAGES * PAGE);
    for (int page = 0; page < MOST_PAGES; page++) {
      int from = page * PAGE;
      changed[page] = Arrays.mismatch(old, from, from + PAGE, now, from, from + PAGE) >= 0;
    }
    memory.set(member, after);
    return changed;
  }

  /** What has been changed since the last checkpoint that is sealed. */
  private final List<boolean[]> changed = new ArrayList<>();

  /** Makes a checkpoint; a failure leaves what was changed for the next one. */
  void checkpoint() throws MemoryException {
    for (int member = 0; member < MEMBERS; member++) {
      boolean[] now = change(member);
      if (changed.size() == member) {
        changed.add(new boolean[MOST_PAGES]);
      }
      for (int page = 0; page < MOST_PAGES; page++) {
        changed.get(member)[page] |= now[page];
      }
    }
    long number = journal.sealed() + 1;
    attempts.add(new Attempt(number, copy(), device.operations()));
    try (Journal.Writer writer = journal.begin(number)) {
      if (random.nextBoolean()) {
        writer.reserve((long) random.nextInt(8) * PAGE);
      }
      List<State> states = new ArrayList<>();
      for (int member = 0; member < MEMBERS; member++) {
        write(writer, member);
        states.add(new State(member + 1, memory.get(member).length, -1));
      }
      writer.seal(states);
    }
    acknowledged.add(new Acknowledged(number, copy(), device.operations()));
    changed.clear();
  }

  private void write(Journal.Writer writer, int member) throws MemoryException {
    byte[] content = Arrays.copyOf(memory.get(member), MOST_PAGES * PAGE);
    for (int page = 0; page < MOST_PAGES; page++) {
      if (changed.get(member)[page] && random.nextInt(3) == 0) {
        byte[] earlier = new byte[PAGE]; // copied before the moment of the checkpoint
        random.nextBytes(earlier);
        writer.write(member + 1, (long) page * PAGE, MemorySegment.ofArray(earlier));
      }
    }
    for (int page = 0; page < MOST_PAGES; page++) {
      if (changed.get(member)[page]) {
        writer.write(
            member + 1,
            (long) page * PAGE,
            MemorySegment.ofArray(content).asSlice((long) page * PAGE, PAGE));
      }
    }
  }

  /** Brings the next checkpoint that is not in the files there. */
  void apply() throws IOException {
    long number = journal.applied() + 1;
    Journal.Sealed checkpoint = journal.read(number).orElseThrow();
    checkpoint.read(
        (member, offset, content) ->
            JournalErrors.run(
                "apply", -1, files.path(), () -> members.get(member - 1).write(offset, content)));
    for (Member member : members) {
      member.sync();
    }
    for (State state : checkpoint.members()) {
      Member member = members.get(state.member() - 1);
      if (member.settle(state.byteSize(), state.length())) {
        member.sync();
      }
    }
    journal.applied(number);
  }

  /** Does the next thing that can be done. */
  void step() throws IOException {
    boolean must = journal.sealed() - journal.applied() == 2;
    if (must || (journal.sealed() > journal.applied() && random.nextInt(3) == 0)) {
      apply();
    } else if (random.nextInt(12) == 0) {
      int member = journal.add("another");
      journal.rename(member, "one more");
      journal.remove(member);
    } else {
      checkpoint();
    }
  }

  /** Closes the journal, and opens it again, as another process would. */
  void reopen() throws IOException {
    journal.close();
    journal = Journal.open(files);
    journal.replay(this::open);
    for (int member = 0; member < MEMBERS; member++) {
      memory.set(member, members.get(member).region());
    }
    changed.clear();
  }
}
