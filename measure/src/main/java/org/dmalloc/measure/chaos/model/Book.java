/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.model;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.jspecify.annotations.Nullable;

/**
 * The models of one hand's regions, and for those with a name a file that tells them to the process
 * that comes after a kill: each change is written before it is tried and again when it has come
 * out. The kernel keeps what a killed process has written, so nothing is forced.
 *
 * <p>Thread-safe: a region that is moved is stored to by another thread than its hand's.
 */
public final class Book implements AutoCloseable {
  /** How much is written before the book is written anew, so that it stays small. */
  private static final int ROOM_BYTES = 512 << 10;

  private final Map<Long, RegionModel> models = new TreeMap<>();

  /** Changes that were begun and have not come out, by number. */
  private final Map<Long, Entry> open = new LinkedHashMap<>();

  /** The numbers of those that another process began. */
  private final Set<Long> earlier = new HashSet<>();

  private final Path file;
  private @Nullable FileOutputStream out;
  private long writtenBytes;
  private long roomBytes;
  private long lastChange;

  /** The highest number of a checkpoint whose call has returned, by group. */
  private final Map<Long, Long> checkpoints = new TreeMap<>();

  private long added;
  private long perhapsAdded;

  private Book(Path file) {
    this.file = file;
  }

  /** The book in a file, with what its last process left open; empty if there is no file. */
  public static Book read(Path file) throws IOException {
    Book book = new Book(file);
    if (Files.exists(file)) {
      // A kill may have cut the last line.
      String text = Files.readString(file);
      text.substring(0, text.lastIndexOf('\n') + 1).lines().forEach(book::replay);
      book.earlier.addAll(book.open.keySet());
    }
    return book;
  }

  private void replay(String line) {
    String[] words = line.split(" ", 4);
    long change = Long.parseLong(words[1]);
    lastChange = Math.max(lastChange, change);
    switch (words[0]) {
      case "begin" -> open.put(change, Entry.parse(words[2] + " " + words[3]));
      case "end" -> {
        open.remove(change);
        apply(Entry.parse(words[2] + " " + words[3]));
      }
      case "not" -> open.remove(change);
      default -> throw new IllegalArgumentException("a book has the line: " + line);
    }
  }

  /** What did not come out before the kill. */
  public synchronized List<Entry> unresolved() {
    return earlier.stream().sorted().map(open::get).filter(Objects::nonNull).toList();
  }

  /**
   * Begins to write for this process. What is unresolved stays so, until it is {@link #resolved}.
   */
  public synchronized void begin() throws IOException {
    writeAnew();
  }

  /** All that an earlier process left open was looked at, and is settled. */
  public synchronized void resolved() throws IOException {
    for (Long change : earlier) {
      Entry entry = open.remove(change);
      if (entry != null && entry.verb() == Verb.ADD) {
        perhapsAdded += entry.a();
      }
    }
    earlier.clear();
    writeAnew();
  }

  /** What is known, in as few lines as it takes, in place of how it came about. */
  private void writeAnew() throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    StringBuilder text = new StringBuilder();
    for (Entry entry : entries()) {
      text.append("end 0 ").append(entry.line()).append('\n');
    }
    open.forEach(
        (change, entry) -> {
          if (isKept(entry)) {
            text.append("begin ").append(change).append(' ').append(entry.line()).append('\n');
          }
        });
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    FileOutputStream whole = new FileOutputStream(next.toFile());
    try {
      whole.write(bytes);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      whole.close();
      throw e;
    }
    close();
    out = whole;
    writtenBytes = bytes.length;
    roomBytes = writtenBytes + ROOM_BYTES;
  }

  /** Entries that make the models anew. */
  private List<Entry> entries() {
    List<Entry> entries = new ArrayList<>();
    List<RegionModel> named = models.values().stream().filter(m -> m.name() != null).toList();
    for (RegionModel model : named) {
      boolean checkpointed = model.kind() == RegionModel.Kind.CHECKPOINTED;
      RegionModel first = checkpointed ? model.asCommitted() : model;
      entries.add(Entry.region(first));
      addUnits(entries, first, null);
      model
          .blocks()
          .forEach(
              (number, block) ->
                  entries.add(
                      Entry.of(Verb.BLOCK, model.key(), number, block.offset(), block.byteSize())));
    }
    checkpoints.forEach((group, number) -> entries.add(Entry.of(Verb.COMMIT, group, number)));
    for (RegionModel model : named) {
      if (model.kind() == RegionModel.Kind.CHECKPOINTED) {
        entries.add(Entry.of(Verb.SIZE, model.key(), model.byteSize()));
        addUnits(entries, model, model.asCommitted());
      }
    }
    entries.add(Entry.of(Verb.ADD, 0, added, perhapsAdded));
    return entries;
  }

  /** The units whose version is another than in a state before; than 0, if there is none. */
  private static void addUnits(
      List<Entry> entries, RegionModel model, @Nullable RegionModel before) {
    for (int unit = 0; unit < model.units(); ) {
      long version = model.version(unit);
      long old = versionIn(before, unit);
      int from = unit;
      while (unit < model.units()
          && model.version(unit) == version
          && versionIn(before, unit) == old) {
        unit++;
      }
      if (version != old) {
        entries.add(Entry.of(Verb.WRITE, model.key(), from, unit - from, version));
      }
    }
  }

  private static long versionIn(@Nullable RegionModel model, int unit) {
    return model == null || unit >= model.units() ? 0 : model.version(unit);
  }

  /** Notes what will be tried, and returns its number. */
  public synchronized long begin(Entry entry) {
    long change = ++lastChange;
    open.put(change, entry);
    if (isKept(entry)) {
      write("begin " + change + " " + entry.line());
    }
    return change;
  }

  /** Notes that it came out as it was begun. */
  public synchronized void done(long change) {
    Entry entry = open.get(change);
    if (entry != null) {
      done(change, entry);
    }
  }

  /** Notes how it came out. */
  public synchronized void done(long change, Entry result) {
    Entry begun = open.remove(change);
    boolean kept = isKept(result) || (begun != null && isKept(begun));
    apply(result);
    if (kept) {
      write("end " + change + " " + result.line());
    }
  }

  /** Notes that nothing came of it. */
  public synchronized void not(long change) {
    Entry begun = open.remove(change);
    if (begun != null && isKept(begun)) {
      write("not " + change);
    }
  }

  /** Regions without a name go with their process. */
  private boolean isKept(Entry entry) {
    return switch (entry.verb()) {
      case REGION -> !entry.text().endsWith(" null");
      case COPY, COMMIT, DISCARD, ADD -> true;
      case SIZE, WRITE, NAME, GONE, BLOCK, UNBLOCK -> {
        RegionModel model = models.get(entry.key());
        yield model != null && model.name() != null;
      }
    };
  }

  private void write(String line) {
    FileOutputStream to = out;
    if (to == null) {
      throw new IllegalStateException("book " + file + " was not begun");
    }
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      to.write(bytes);
    } catch (IOException e) {
      // Nothing that happens from here on could be checked.
      throw new IllegalStateException("book " + file + ": " + e.getMessage(), e);
    }
    writtenBytes += bytes.length;
    if (writtenBytes > roomBytes) {
      try {
        writeAnew();
      } catch (IOException e) {
        // Descriptors are short for the moment: the long one does as well.
        roomBytes += ROOM_BYTES;
      }
    }
  }

  private void apply(Entry entry) {
    switch (entry.verb()) {
      case REGION -> {
        String[] words = entry.text().split(" ", 2);
        RegionModel model =
            new RegionModel(
                entry.key(),
                RegionModel.Kind.valueOf(words[0]),
                entry.c(),
                Math.toIntExact(entry.a()),
                entry.b(),
                words[1].equals("null") ? null : words[1]);
        model.commit(); // a new region is there, with zeros, before its first checkpoint
        models.put(entry.key(), model);
      }
      case SIZE -> model(entry.key()).resize(entry.a());
      case WRITE ->
          model(entry.key())
              .store(Math.toIntExact(entry.a()), Math.toIntExact(entry.b()), entry.c());
      case NAME -> model(entry.key()).rename(entry.text());
      case GONE -> models.remove(entry.key());
      case COPY -> models.put(entry.a(), model(entry.key()).snapshot(entry.a(), entry.text()));
      case COMMIT -> {
        group(entry.key()).forEach(RegionModel::commit);
        checkpoints.merge(entry.key(), entry.a(), Math::max);
      }
      case DISCARD -> group(entry.key()).forEach(RegionModel::discard);
      case BLOCK ->
          model(entry.key()).blocks().put(entry.a(), new RegionModel.Block(entry.b(), entry.c()));
      case UNBLOCK -> model(entry.key()).blocks().remove(entry.a());
      case ADD -> {
        added += entry.a();
        perhapsAdded += entry.b();
      }
    }
  }

  private RegionModel model(long key) {
    return find(key)
        .orElseThrow(
            () -> new IllegalStateException("no region " + Long.toHexString(key) + " in " + file));
  }

  public synchronized Optional<RegionModel> find(long key) {
    return Optional.ofNullable(models.get(key));
  }

  public synchronized Collection<RegionModel> models() {
    return List.copyOf(models.values());
  }

  /** The regions of a group. */
  public synchronized List<RegionModel> group(long group) {
    return models.values().stream().filter(model -> model.group() == group).toList();
  }

  /** A region is found as its last checkpoint: what came after is gone, and so is its size. */
  public synchronized void fallBack(RegionModel model) {
    RegionModel committed = model.asCommitted();
    settle(Entry.of(Verb.SIZE, model.key(), committed.byteSize()));
    List<Entry> entries = new ArrayList<>();
    addUnits(entries, committed, model);
    entries.forEach(this::settle);
  }

  /** A change that was cut short is found to have come out. */
  public synchronized void settle(Entry entry) {
    apply(entry);
    write("end 0 " + entry.line());
  }

  /** The highest number of a checkpoint of the group whose call has returned. */
  public synchronized long lastCheckpoint(long group) {
    return checkpoints.getOrDefault(group, 0L);
  }

  public synchronized long added() {
    return added;
  }

  /** What a kill has left unknown, at most. */
  public synchronized long perhapsAdded() {
    return perhapsAdded;
  }

  @Override
  public synchronized void close() throws IOException {
    if (out != null) {
      out.close();
      out = null;
    }
  }
}
