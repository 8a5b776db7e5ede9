/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.chaos.model.Entry;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.RegionModel.Kind;
import org.jspecify.annotations.Nullable;

/** Acts on the one group of checkpointed regions that a hand has. */
final class GroupActs {
  private static final int PAGE_BYTES = 4096;
  private static final int MOST_PAGES = 256;
  private static final long MAXIMUM = 4L << 20;

  private final Workplace at;
  private Runnable whenDeleted = () -> {};
  private boolean checkpointsAtClose;
  private boolean inDoubt;

  GroupActs(Workplace at) {
    this.at = at;
  }

  /** Runs when the group is about to be deleted. */
  void whenDeleted(Runnable action) {
    whenDeleted = action;
  }

  /** The open members; empty if the group is closed, or there is none. */
  List<Held> open() {
    return at.held.stream().filter(each -> each.is(Kind.CHECKPOINTED)).toList();
  }

  private List<RegionModel> stored() {
    return at.book.models().stream().filter(model -> model.kind() == Kind.CHECKPOINTED).toList();
  }

  /** The group, opened or made; empty where nobody can make one now. */
  List<Held> members() throws MemoryException {
    List<Held> open = open();
    List<RegionModel> stored = stored();
    if (open.size() < stored.size()) {
      reopen();
    } else if (stored.isEmpty()) {
      create();
    }
    open().forEach(at::use);
    return open();
  }

  private void create() throws MemoryException {
    Optional<String> provider =
        at.any(at.able(Capability.CHECKPOINT, Capability.NAMED, Capability.GROW_IN_PLACE));
    if (provider.isEmpty()) {
      return;
    }
    int members = 1 + at.random.nextInt(2);
    long group = at.newKey();
    CheckpointOptions options = options(members == 1 ? null : Workplace.nameOf(group));
    for (int member = 0; member < members; member++) {
      long key = at.newKey();
      long size = (1 + at.random.nextInt(MOST_PAGES)) * (long) PAGE_BYTES;
      String name = Workplace.nameOf(key);
      at.allocate(
          new RegionModel(key, Kind.CHECKPOINTED, group, PAGE_BYTES, size, name),
          provider.get(),
          RegionRequest.ofSize(size).withName(name).withMaximum(MAXIMUM).checkpointed(options));
    }
    checkpoint();
  }

  private CheckpointOptions options(@Nullable String group) {
    checkpointsAtClose = at.chance(60);
    return CheckpointOptions.DEFAULT.withGroup(group).withOnClose(checkpointsAtClose);
  }

  /** The last checkpoint may or may not have come out: regions are as before or after it. */
  void doubt() {
    inDoubt = true;
  }

  /** Opens all members, and finds out which checkpoint they are as. */
  void reopen() throws MemoryException {
    List<RegionModel> models = new ArrayList<>(stored());
    open().forEach(each -> models.remove(each.model()));
    CheckpointOptions options = open().isEmpty() ? options(null) : CheckpointOptions.DEFAULT;
    List<Held> opened = new ArrayList<>();
    for (RegionModel model : models) {
      String name = String.valueOf(model.name());
      OpenRequest request = OpenRequest.of(name).withMaximum(MAXIMUM).withCheckpoints(options);
      opened.add(at.openAnySize(model, checkpointing(name), request));
    }
    settle(opened);
    requireNumber();
  }

  private void settle(List<Held> opened) {
    String before = null;
    String after = null;
    for (Held each : opened) {
      String first = at.difference(each, each.model().asCommitted());
      String second = at.difference(each, each.model());
      before = before == null ? first : before;
      after = after == null ? second : after;
    }
    if (before != null && (!inDoubt || after != null)) {
      throw new LostBytesException(
          before
              + "; it is to be as the last checkpoint"
              + (inDoubt ? ", or as the one that was being made: " + after : ""));
    }
    if (before == null) {
      opened.forEach(each -> at.book.fallBack(each.model()));
    } else {
      at.book.settle(Entry.of(Verb.COMMIT, opened.getFirst().model().group()));
    }
    inDoubt = false;
  }

  /** Any provider that has it and can open it for checkpoints. */
  String checkpointing(String name) throws MemoryException {
    List<String> able = at.able(Capability.CHECKPOINT);
    List<String> holders = new ArrayList<>(at.holders(name));
    holders.retainAll(able);
    if (holders.isEmpty()) {
      at.opener(name);
      throw new IllegalStateException("nobody who has checkpoints has the store of " + name);
    }
    List<Held> open = open();
    if (!open.isEmpty()) {
      return open.getFirst().provider(); // a group is opened as a whole by one
    }
    return able.contains(Suite.MANAGED) && at.chance(50)
        ? Suite.MANAGED
        : at.any(holders).orElseThrow();
  }

  /** No checkpoint is lost whose call has returned. */
  void requireNumber() {
    for (Held each : open()) {
      long number = each.region().checkpoints().status().number();
      long least = at.book.lastCheckpoint(each.model().group());
      if (number < least) {
        throw new LostBytesException(
            String.format(Locale.ROOT, "%s has checkpoint %d, and had %d", each, number, least));
      }
    }
  }

  /** Stores, looks, and makes a checkpoint mostly. */
  void act() throws MemoryException {
    List<Held> members = members();
    if (members.isEmpty()) {
      return;
    }
    switch (at.random.nextInt(10)) {
      case 0 -> close();
      case 1 -> grow(members.get(at.random.nextInt(members.size())));
      case 2 -> members.forEach(at::checkAll);
      default -> {
        storeTogether(members);
        if (at.chance(70)) {
          checkpoint();
        }
      }
    }
    if (at.chance(2)) {
      delete();
    }
  }

  /** Stores to all members in one outermost section: a checkpoint has all of it or nothing. */
  private void storeTogether(List<Held> members) throws MemoryException {
    Deque<Access> sections = new ArrayDeque<>();
    try {
      for (Held each : members) {
        sections.push(each.region().acquire());
      }
      for (Held each : members) {
        int units = each.model().units();
        int count = 1 + at.random.nextInt(Math.min(units, Workplace.MOST_UNITS));
        at.store(each, at.random.nextInt(units - count + 1), count);
      }
    } finally {
      sections.forEach(Access::close);
    }
  }

  private void grow(Held which) throws MemoryException {
    long size = which.model().byteSize() + (1 + at.random.nextInt(64)) * (long) PAGE_BYTES;
    if (size > MAXIMUM) {
      return;
    }
    long change = at.book.begin(Entry.of(Verb.SIZE, which.model().key(), size));
    try {
      which.region().resize(size);
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    at.book.done(change);
    at.checkAll(which);
  }

  /** Makes a checkpoint of the group; its number. */
  long checkpoint() throws MemoryException {
    Held any = open().getFirst();
    CheckpointGroup group = any.region().checkpoints();
    long key = any.model().group();
    long change = at.book.begin(Entry.of(Verb.COMMIT, key));
    long number;
    try {
      number = group.checkpoint();
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    long before = at.book.lastCheckpoint(key);
    at.book.done(change, Entry.of(Verb.COMMIT, key, number));
    if (number < before) {
      throw new LostBytesException(
          String.format(Locale.ROOT, "%s: checkpoint %d follows %d", any, number, before));
    }
    if (at.chance(10)) {
      group.awaitApplied();
    }
    return number;
  }

  void discard() throws MemoryException {
    List<Held> members = members();
    if (members.isEmpty()) {
      return;
    }
    Held any = members.getFirst();
    long change = at.book.begin(Entry.of(Verb.DISCARD, any.model().group()));
    try {
      any.region().discard();
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    at.book.done(change);
    members.forEach(at::checkAll);
  }

  /** Closes all members, with a checkpoint or without. */
  void close() {
    List<Held> open = open();
    if (open.isEmpty()) {
      return;
    }
    long group = open.getFirst().model().group();
    long change = at.book.begin(Entry.of(checkpointsAtClose ? Verb.COMMIT : Verb.DISCARD, group));
    try {
      open.forEach(at::close);
    } catch (RuntimeException e) {
      at.book.not(change);
      inDoubt = true;
      throw e;
    }
    at.book.done(change);
    if (!checkpointsAtClose) {
      // A size that no checkpoint has is gone with the close.
      at.book.group(group).forEach(at.book::fallBack);
    }
  }

  private void delete() throws MemoryException {
    whenDeleted.run();
    close();
    for (RegionModel model : stored()) {
      at.delete(model, false);
    }
  }
}
