/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A file in memory that remembers what was done to it, and fails when it is told to. */
final class SimulatedDisk implements Disk {
  private byte[] now;
  private byte[] atStart;
  private final List<Operation> operations = new ArrayList<>();

  SimulatedDisk(byte[] content) {
    now = content.clone();
    atStart = now;
  }

  @FunctionalInterface
  private interface Operation {
    byte[] applyTo(byte[] file, boolean torn);

    /** How many outcomes it has: missing and whole; a write can be torn, too. */
    default int outcomes() {
      return 2;
    }
  }

  private static final Operation SYNC = (file, torn) -> file;

  /** How many of the next changes work before some fail. */
  private int good = Integer.MAX_VALUE;

  private int bad;
  private boolean even;

  /** The next changes work, then some fail; a failing one is made even so, or not at all. */
  void failAfter(int goodChanges, int badChanges, boolean madeEvenSo) {
    good = goodChanges;
    bad = badChanges;
    even = madeEvenSo;
  }

  /** How many of the next waits for the device fail, and lose what was written before. */
  private int losing;

  private int keeping;

  /**
   * The next waits fail as Linux has them fail: what was written since the last good one is read
   * back, and taken for written, but never gets to the device.
   */
  void loseAtSync(int times) {
    loseAfter(0, times);
  }

  /** The same after some good ones. */
  void loseAfter(int goodSyncs, int times) {
    keeping = goodSyncs;
    losing = times;
  }

  private boolean lost;

  @Override
  public boolean isLost() {
    return lost;
  }

  @Override
  public void noteLost(boolean now) {
    lost = now;
  }

  private boolean fails() {
    if (good > 0) {
      good--;
      return false;
    }
    return bad-- > 0;
  }

  void forget() {
    operations.clear();
    atStart = now.clone();
  }

  byte[] copy(int from, int length) {
    return Arrays.copyOfRange(now, from, from + length);
  }

  /** The contents that a power cut at any point can leave. */
  List<byte[]> crashes() {
    List<byte[]> results = new ArrayList<>();
    byte[] durable = atStart;
    List<Operation> pending = new ArrayList<>();
    addSubsets(durable, pending, results);
    for (Operation operation : operations) {
      if (operation.equals(SYNC)) {
        for (Operation p : pending) {
          durable = p.applyTo(durable, false);
        }
        pending.clear();
      } else {
        pending.add(operation);
      }
      addSubsets(durable, pending, results);
    }
    return results;
  }

  private static final class Write implements Operation {
    private final int position;
    private final byte[] data;

    Write(int position, byte[] data) {
      this.position = position;
      this.data = data;
    }

    @Override
    public byte[] applyTo(byte[] file, boolean torn) {
      int length = torn ? data.length / 2 : data.length;
      byte[] next = Arrays.copyOf(file, Math.max(file.length, position + length));
      System.arraycopy(data, 0, next, position, length);
      return next;
    }

    @Override
    public int outcomes() {
      return 3;
    }
  }

  /** Each pending operation is missing, torn or whole. */
  private static void addSubsets(byte[] durable, List<Operation> pending, List<byte[]> results) {
    int combinations = pending.stream().mapToInt(Operation::outcomes).reduce(1, (a, b) -> a * b);
    for (int c = 0; c < combinations; c++) {
      byte[] file = durable;
      int rest = c;
      for (Operation operation : pending) {
        int outcome = rest % operation.outcomes();
        if (outcome != 0) {
          file = operation.applyTo(file, outcome == 2);
        }
        rest /= operation.outcomes();
      }
      results.add(file);
    }
  }

  @Override
  public long length() {
    return now.length;
  }

  @Override
  public void read(long position, byte[] into) {
    byte[] there =
        position < now.length ? Arrays.copyOfRange(now, (int) position, now.length) : new byte[0];
    System.arraycopy(Arrays.copyOf(there, into.length), 0, into, 0, into.length);
  }

  @Override
  public void write(long position, byte[] bytes) throws IOException {
    perform(new Write((int) position, bytes.clone()));
  }

  @Override
  public void writeThrough(long position, byte[] bytes) throws IOException {
    write(position, bytes);
  }

  @Override
  public void setLength(long newLength) throws IOException {
    perform((file, torn) -> Arrays.copyOf(file, (int) newLength));
  }

  @Override
  public void sync() throws IOException {
    if (keeping > 0) {
      keeping--;
    } else if (losing > 0) {
      losing--;
      lost = true;
      int last = operations.lastIndexOf(SYNC);
      operations
          .subList(last + 1, operations.size())
          .removeIf(operation -> operation instanceof Write);
      throw new IOException("simulated");
    }
    if (fails()) {
      lost = true;
      throw new IOException("simulated");
    }
    operations.add(SYNC);
  }

  @Override
  public void sync(long position, int length) throws IOException {
    sync();
  }

  private void perform(Operation operation) throws IOException {
    boolean fails = fails();
    if (!fails || even) {
      operations.add(operation);
      now = operation.applyTo(now, false);
    }
    if (fails) {
      throw new IOException("simulated");
    }
  }

  /** The contents that a power cut now can leave. */
  List<byte[]> crashesNow() {
    List<byte[]> results = new ArrayList<>();
    byte[] durable = atStart;
    List<Operation> pending = new ArrayList<>();
    for (Operation operation : operations) {
      if (operation.equals(SYNC)) {
        for (Operation each : pending) {
          durable = each.applyTo(durable, false);
        }
        pending.clear();
      } else {
        pending.add(operation);
      }
    }
    addSubsets(durable, pending, results);
    return results;
  }
}
