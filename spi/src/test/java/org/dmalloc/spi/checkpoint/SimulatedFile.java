/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A file in memory whose device can lose power and fail. What was written since the last wait that
 * worked is on the device in part: of each write any sectors, of each change of the length all or
 * nothing. A wait that fails loses what was written before, as Linux has it: it can be read, and
 * never gets to the device.
 */
final class SimulatedFile implements JournalDisk {
  private static final int SECTOR = 512;

  private final Device device;
  private final int index;
  private byte[] now = new byte[0];

  SimulatedFile(Device device, byte[] content) {
    this.device = device;
    this.index = device.add(content);
    this.now = content.clone();
  }

  /** What is done to files of one device, in order. */
  private sealed interface Operation {
    int file();

    final class Write implements Operation {
      private final int file;
      private final int position;
      private final byte[] data;

      Write(int file, int position, byte[] data) {
        this.file = file;
        this.position = position;
        this.data = data;
      }

      @Override
      public int file() {
        return file;
      }

      int position() {
        return position;
      }

      byte[] data() {
        return data;
      }
    }

    record Length(int file, int length) implements Operation {}

    record Sync(int file, boolean works) implements Operation {}
  }

  /** The device of some files. */
  static final class Device {
    private final List<byte[]> atStart = new ArrayList<>();
    private final List<Operation> operations = new ArrayList<>();
    private int failing = Integer.MAX_VALUE;
    private int failures;
    private String reason = "";
    private int made;

    private int add(byte[] content) {
      atStart.add(content.clone());
      return atStart.size() - 1;
    }

    /** How many operations there have been. */
    int operations() {
      return operations.size();
    }

    /**
     * Some operations from the one of that number on fail.
     *
     * @param madeOf how many eighths of a write are made even so
     */
    void fail(int from, int times, String why, int madeOf) {
      failing = from;
      failures = times;
      reason = why;
      made = madeOf;
    }

    boolean fails() {
      return failures > 0 && operations.size() >= failing;
    }

    private void perform(Operation operation) {
      operations.add(operation);
    }

    private IOException failure() {
      failures--;
      return new IOException(reason);
    }

    /** The files after a power cut that came after so many operations. */
    List<byte[]> afterPowerCut(int after, Random random) {
      List<byte[]> files = new ArrayList<>();
      int kind = random.nextInt(6);
      for (int file = 0; file < atStart.size(); file++) {
        files.add(afterPowerCut(file, after, random, kind));
      }
      return files;
    }

    private byte[] afterPowerCut(int file, int after, Random random, int kind) {
      byte[] durable = atStart.get(file).clone();
      List<Operation> pending = new ArrayList<>();
      for (Operation operation : operations.subList(0, after)) {
        if (operation.file() != file) {
          continue;
        }
        if (operation instanceof Operation.Sync sync) {
          for (Operation done : sync.works() ? pending : List.<Operation>of()) {
            durable = apply(durable, done);
          }
          pending.removeIf(lost -> sync.works() || lost instanceof Operation.Write);
        } else {
          pending.add(operation);
        }
      }
      for (Operation operation : pending) {
        int what = kind == 0 ? 0 : kind == 1 ? 1 : random.nextInt(4);
        durable =
            what == 0
                ? durable
                : what == 1 ? apply(durable, operation) : torn(durable, operation, random);
      }
      return durable;
    }

    private static byte[] torn(byte[] file, Operation operation, Random random) {
      if (!(operation instanceof Operation.Write write)) {
        return random.nextBoolean() ? file : apply(file, operation);
      }
      byte[] next = file;
      int style = random.nextInt(3);
      int cut = random.nextInt(write.data().length / SECTOR + 1);
      for (int at = 0; at < write.data().length; at += SECTOR) {
        boolean there =
            switch (style) {
              case 0 -> at / SECTOR < cut;
              case 1 -> at / SECTOR >= cut;
              default -> random.nextInt(5) > 0;
            };
        if (there) {
          byte[] sector =
              Arrays.copyOfRange(write.data(), at, Math.min(at + SECTOR, write.data().length));
          next = apply(next, new Operation.Write(0, write.position() + at, sector));
        }
      }
      return next;
    }

    private static byte[] apply(byte[] file, Operation operation) {
      return switch (operation) {
        case Operation.Write write -> {
          int end = write.position() + write.data().length;
          byte[] next = end > file.length ? Arrays.copyOf(file, end) : file;
          System.arraycopy(write.data(), 0, next, write.position(), write.data().length);
          yield next;
        }
        case Operation.Length length -> Arrays.copyOf(file, length.length());
        case Operation.Sync sync -> file;
      };
    }
  }

  byte[] content() {
    return now.clone();
  }

  @Override
  public long length() {
    return now.length;
  }

  @Override
  public void read(long position, ByteBuffer into) {
    int there = (int) Math.max(0, Math.min(into.remaining(), now.length - position));
    into.put(now, there == 0 ? 0 : (int) position, there);
    into.put(new byte[into.remaining()]);
  }

  @Override
  public void write(long position, ByteBuffer content) throws IOException {
    byte[] data = new byte[content.remaining()];
    content.get(data);
    boolean fails = device.fails();
    byte[] made = fails ? Arrays.copyOf(data, data.length * device.made / 8) : data;
    perform(new Operation.Write(index, (int) position, made), fails);
  }

  @Override
  public void setLength(long newLength) throws IOException {
    boolean fails = device.fails();
    perform(
        fails
            ? new Operation.Write(index, 0, new byte[0])
            : new Operation.Length(index, (int) newLength),
        fails);
  }

  @Override
  public void sync() throws IOException {
    boolean fails = device.fails();
    perform(new Operation.Sync(index, !fails), fails);
  }

  private void perform(Operation operation, boolean fails) throws IOException {
    device.perform(operation);
    now = Device.apply(now, operation);
    if (fails) {
      throw device.failure();
    }
  }
}
