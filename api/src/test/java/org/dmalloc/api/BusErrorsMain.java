/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The JVM that uses memory with nothing behind it: {@code BusErrorsMain DIRECTORY WARM PRIMITIVE…}.
 * It says for each primitive how that ended, unless it was the end of the JVM.
 */
public final class BusErrorsMain {
  private static final int PAGE = 4096;
  private static final int BYTES = 16 * PAGE;
  private static final int TIMES = 3;
  private static final VarHandle LONG = JAVA_LONG.varHandle();
  private static final VarHandle INT_BACKWARDS =
      JAVA_INT
          .withOrder(
              ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                  ? ByteOrder.BIG_ENDIAN
                  : ByteOrder.LITTLE_ENDIAN)
          .varHandle();

  private static long unusedSum;

  private BusErrorsMain() {}

  /** What can be done to memory. */
  enum Primitive {
    GET_BYTE {
      @Override
      long use(MemorySegment memory) {
        return memory.get(JAVA_BYTE, PAGE + 1);
      }
    },
    GET_LONG {
      @Override
      long use(MemorySegment memory) {
        return memory.get(JAVA_LONG, PAGE);
      }
    },
    GET_LONG_UNALIGNED {
      @Override
      long use(MemorySegment memory) {
        return memory.get(ValueLayout.JAVA_LONG_UNALIGNED, PAGE + 3);
      }
    },
    GET_INT_BACKWARDS {
      @Override
      long use(MemorySegment memory) {
        return (int) INT_BACKWARDS.get(memory, (long) PAGE);
      }
    },
    GET_EACH {
      @Override
      long use(MemorySegment memory) {
        long sum = 0;
        for (long at = 0; at < PAGE; at += Long.BYTES) {
          sum += memory.get(JAVA_LONG, at);
        }
        return sum;
      }
    },
    SET_LONG {
      @Override
      long use(MemorySegment memory) {
        memory.set(JAVA_LONG, PAGE, 1);
        return 0;
      }
    },
    GET_VOLATILE {
      @Override
      long use(MemorySegment memory) {
        return (long) LONG.getVolatile(memory, (long) PAGE);
      }
    },
    SET_VOLATILE {
      @Override
      long use(MemorySegment memory) {
        LONG.setVolatile(memory, (long) PAGE, 1L);
        return 0;
      }
    },
    SET_RELEASE {
      @Override
      long use(MemorySegment memory) {
        LONG.setRelease(memory, (long) PAGE, 1L);
        return 0;
      }
    },
    GET_AND_ADD {
      @Override
      long use(MemorySegment memory) {
        return (long) LONG.getAndAdd(memory, (long) PAGE, 0L);
      }
    },
    FILL {
      @Override
      long use(MemorySegment memory) {
        memory.asSlice(PAGE, PAGE).fill((byte) 1);
        return 0;
      }
    },
    FILL_SHORT {
      @Override
      long use(MemorySegment memory) {
        memory.asSlice(PAGE, 10).fill((byte) 1);
        return 0;
      }
    },
    COPY_OUT {
      @Override
      long use(MemorySegment memory) {
        MemorySegment.copy(memory, PAGE, OTHER, 0, PAGE);
        return 0;
      }
    },
    COPY_IN {
      @Override
      long use(MemorySegment memory) {
        MemorySegment.copy(OTHER, 0, memory, PAGE, PAGE);
        return 0;
      }
    },
    COPY_SHORT {
      @Override
      long use(MemorySegment memory) {
        MemorySegment.copy(memory, PAGE, OTHER, 0, 10);
        return 0;
      }
    },
    COPY_INTO_ARRAY {
      @Override
      long use(MemorySegment memory) {
        MemorySegment.copy(memory, JAVA_BYTE, PAGE, ARRAY, 0, PAGE);
        return ARRAY[5];
      }
    },
    COPY_FROM_ARRAY {
      @Override
      long use(MemorySegment memory) {
        MemorySegment.copy(ARRAY, 0, memory, JAVA_BYTE, PAGE, PAGE);
        return 0;
      }
    },
    TO_ARRAY {
      @Override
      long use(MemorySegment memory) {
        return memory.asSlice(PAGE, PAGE).toArray(JAVA_BYTE)[7];
      }
    },
    BUFFER_GET {
      @Override
      long use(MemorySegment memory) {
        return memory.asByteBuffer().getLong(PAGE);
      }
    },
    BUFFER_GET_ALL {
      @Override
      long use(MemorySegment memory) {
        memory.asByteBuffer().get(PAGE, ARRAY);
        return ARRAY[9];
      }
    },
    BUFFER_PUT_ALL {
      @Override
      long use(MemorySegment memory) {
        memory.asByteBuffer().put(PAGE, ARRAY);
        return 0;
      }
    },
    BRING_IN {
      @Override
      long use(MemorySegment memory) {
        memory.asSlice(PAGE, PAGE).load();
        return 0;
      }
    },
    CHANNEL_WRITE {
      @Override
      long use(MemorySegment memory) throws IOException {
        return out.write(memory.asSlice(PAGE, PAGE).asByteBuffer(), 0);
      }
    },
    MISMATCH {
      @Override
      long use(MemorySegment memory) {
        return MemorySegment.mismatch(memory, PAGE, 3 * PAGE, OTHER, 0, 2 * PAGE);
      }
    },
    COMPARE_AND_SET {
      @Override
      long use(MemorySegment memory) {
        return LONG.compareAndSet(memory, (long) PAGE, 0L, 0L) ? 1 : 0;
      }
    },
    CHECKSUM {
      @Override
      long use(MemorySegment memory) {
        CRC32C crc = new CRC32C();
        crc.update(memory.asSlice(PAGE, PAGE).asByteBuffer());
        return crc.getValue();
      }
    };

    abstract long use(MemorySegment memory) throws IOException;
  }

  private static final byte[] ARRAY = new byte[PAGE];
  private static final MemorySegment OTHER =
      MemorySegment.ofBuffer(ByteBuffer.allocateDirect(2 * PAGE));
  private static FileChannel out;

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    int warm = Integer.parseInt(args[1]);
    PrintStream said = System.out;
    try (Arena arena = Arena.ofShared();
        FileChannel scratch = open(directory.resolve("scratch"))) {
      out = scratch;
      MemorySegment good = mapped(directory.resolve("good"), arena);
      MemorySegment cut = mapped(directory.resolve("cut"), arena);
      try (FileChannel file = open(directory.resolve("cut"))) {
        file.truncate(0);
      }
      for (int i = 2; i < args.length; i++) {
        Primitive primitive = Primitive.valueOf(args[i]);
        for (int times = 0; times < warm; times++) {
          unusedSum += primitive.use(good);
        }
        for (int times = 0; times < TIMES; times++) {
          said.println(primitive + " " + outcome(primitive, cut));
        }
      }
    }
    said.flush();
  }

  private static String outcome(Primitive primitive, MemorySegment memory) {
    try {
      unusedSum += primitive.use(memory);
      BusErrors.deliver();
      return "returned";
    } catch (InternalError e) {
      return BusErrors.require(e).getClass().getSimpleName();
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static MemorySegment mapped(Path file, Arena arena) throws IOException {
    Files.write(file, new byte[BYTES]);
    try (FileChannel channel = open(file)) {
      return channel.map(MapMode.READ_WRITE, 0, BYTES, arena);
    }
  }
}
