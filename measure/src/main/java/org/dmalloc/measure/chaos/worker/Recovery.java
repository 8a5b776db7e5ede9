/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.chaos.model.Entry;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.RegionModel.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Looks at what a hand of an earlier process has left: everything that its book says is there, as
 * it was or as the change that was cut short makes it, and nothing else.
 */
final class Recovery {
  private final Workplace at;
  private final NamedActs named;
  private final GroupActs groups;
  private final HeapActs heaps;
  private final List<Entry> unresolved;

  Recovery(Workplace at, NamedActs named, GroupActs groups, HeapActs heaps) {
    this.at = at;
    this.named = named;
    this.groups = groups;
    this.heaps = heaps;
    unresolved = at.book.unresolved();
  }

  /** Compares all, and begins the book of this process. */
  void run() throws IOException {
    Set<String> there = storedNames();
    at.book.begin();
    for (Entry entry : unresolved) {
      settleNames(entry, there);
    }
    for (RegionModel model : at.book.models()) {
      if (!there.contains(String.valueOf(model.name()))) {
        throw new LostBytesException(
            "after a kill region " + model + " is in no store; " + open(model));
      }
    }
    for (RegionModel model : at.book.models()) {
      if (model.kind() == Kind.PLAIN) {
        look(model);
      } else if (model.kind() == Kind.HEAP) {
        heaps.recover(model, unsureBlocks(model));
      }
    }
    lookAtGroup();
    named.clearSnapshots();
    clearBackups();
    at.book.resolved();
  }

  private String open(RegionModel model) {
    return "what was not done with it: "
        + unresolved.stream().filter(entry -> entry.key() == model.key()).toList();
  }

  private Set<String> storedNames() throws MemoryException {
    Set<String> names = new HashSet<>();
    for (String provider : at.able(Capability.NAMED)) {
      for (StoredRegion region : at.suite.provider(provider).stored()) {
        names.add(region.name());
      }
    }
    return names;
  }

  /** Names that were being given or taken: either is right. */
  private void settleNames(Entry entry, Set<String> there) throws MemoryException {
    switch (entry.verb()) {
      case REGION -> {
        String name = entry.text().substring(entry.text().indexOf(' ') + 1);
        if (there.contains(name)) {
          deleteUnknown(name);
        }
      }
      case NAME -> {
        String before = String.valueOf(model(entry).name());
        if (before.equals(entry.text())) {
          return; // settled by a process that was killed after that
        }
        if (there.contains(before) && there.contains(entry.text())) {
          throw new LostBytesException("after a kill there are both " + before + " and " + entry);
        }
        if (there.contains(entry.text())) {
          at.book.settle(entry);
        }
      }
      case GONE -> {
        Optional<RegionModel> model = at.book.find(entry.key());
        if (model.isPresent() && !there.contains(String.valueOf(model.get().name()))) {
          at.book.settle(entry);
        }
      }
      case COPY -> {
        if (there.contains(entry.text()) && at.book.find(entry.a()).isEmpty()) {
          at.book.settle(entry);
        }
      }
      case COMMIT -> groups.doubt();
      case SIZE, WRITE, DISCARD, BLOCK, UNBLOCK, ADD -> {
        // Looked at with the region that they are of.
      }
    }
  }

  private RegionModel model(Entry entry) {
    return at.book
        .find(entry.key())
        .orElseThrow(() -> new IllegalStateException("a book has no region for " + entry));
  }

  private void deleteUnknown(String name) throws MemoryException {
    for (String holder : at.holders(name)) {
      if (at.suite.provider(holder).stored(name, null).isPresent()) {
        at.suite.provider(holder).delete(name);
      }
    }
  }

  private void look(RegionModel model) throws MemoryException {
    String name = String.valueOf(model.name());
    Held opened = at.openAnySize(model, at.opener(name), OpenRequest.of(name));
    for (Entry entry : unresolved) {
      if (entry.key() == model.key()
          && entry.verb() == Verb.SIZE
          && opened.region().byteSize() == entry.a()) {
        at.book.settle(entry);
      }
    }
    if (opened.region().byteSize() != model.byteSize()) {
      throw new LostBytesException(
          String.format(
              Locale.ROOT,
              "after a kill %s has %d bytes in place of %d; %s",
              opened,
              opened.region().byteSize(),
              model.byteSize(),
              open(model)));
    }
    RegionActs.takeSpace(opened);
    for (Entry entry : unresolved) {
      if (entry.key() == model.key() && entry.verb() == Verb.WRITE) {
        storeAgain(opened, entry);
      }
    }
    String difference = at.difference(opened, model);
    if (difference != null) {
      throw new LostBytesException("after a kill " + difference);
    }
    at.close(opened);
  }

  /** Units that were being stored are as before, as after, or in between: they get new content. */
  private void storeAgain(Held opened, Entry entry) throws MemoryException {
    int units = opened.model().units();
    for (int unit = (int) entry.a(); unit < Math.min(units, entry.a() + entry.b()); unit++) {
      @Nullable String asBefore = at.difference(opened, unit, opened.model().version(unit));
      if (asBefore != null) {
        at.store(opened, unit, 1);
      }
    }
  }

  private Set<Long> unsureBlocks(RegionModel model) {
    Set<Long> unsure = new HashSet<>();
    for (Entry entry : unresolved) {
      if (entry.key() == model.key()
          && (entry.verb() == Verb.UNBLOCK || entry.verb() == Verb.BLOCK)) {
        unsure.add(entry.a());
      }
    }
    return unsure;
  }

  private void lookAtGroup() throws MemoryException {
    if (at.book.models().stream().anyMatch(model -> model.kind() == Kind.CHECKPOINTED)) {
      groups.reopen();
    }
  }

  /** Backups of groups that are gone. */
  private void clearBackups() throws IOException {
    Set<String> wanted = new HashSet<>();
    at.book.models().forEach(m -> wanted.add(BackupActs.PREFIX + Long.toHexString(m.group())));
    for (Path each : directories(at.disk, BackupActs.PREFIX)) {
      String name = String.valueOf(each.getFileName());
      if (!wanted.contains(name) && at.isOwn(name.substring(BackupActs.PREFIX.length()))) {
        OpenDirectory.delete(each);
      }
    }
  }

  private static List<Path> directories(Path in, String prefix) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(in, prefix + "*")) {
      all.forEach(found::add);
    }
    return found;
  }
}
