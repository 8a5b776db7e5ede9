/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/** The other JVM of a test: {@code ChildMain FIXTURE DIRECTORY ACT NAME [NUMBER…]}. */
public final class ChildMain {
  /** What the child says when it holds a region. */
  static final String HOLDING = "holding";

  /** Exit status of a child whose region was refused by {@link MemoryException}. */
  static final int REFUSED = 3;

  private ChildMain() {}

  /** What the child does with the region of the given name. */
  enum Act {
    /** Allocates NUMBER bytes, writes pattern NUMBER, closes. */
    WRITE,
    /** Opens it and checks pattern NUMBER. */
    CHECK,
    /** Opens it, says so, and keeps it until standard input ends. */
    HOLD,
    /** Allocates NUMBER bytes, writes pattern NUMBER, forces, says so, and waits to be killed. */
    ABANDON
  }

  /** Runs one act; the exit status is 1 if it fails. */
  public static void main(String[] args) throws Exception {
    ProviderFixture fixture = fixture(args[0]);
    MemoryProvider provider = fixture.start(ProviderSettings.in(Path.of(args[1])));
    try {
      act(provider, Act.valueOf(args[2]), args);
    } catch (MemoryException refused) {
      System.getLogger(ChildMain.class.getName()).log(System.Logger.Level.INFO, "refused", refused);
      fixture.stop(provider);
      System.exit(REFUSED);
    }
    fixture.stop(provider);
    System.exit(0); // the fixture's framework may have threads left
  }

  private static ProviderFixture fixture(String className) throws ReflectiveOperationException {
    return Class.forName(className)
        .asSubclass(ProviderFixture.class)
        .getConstructor()
        .newInstance();
  }

  private static void act(MemoryProvider provider, Act act, String[] args) throws IOException {
    String name = args[3];
    switch (act) {
      case WRITE -> {
        try (MemoryRegion region = allocate(provider, name, args)) {
          Pattern.write(region, Long.parseLong(args[5]));
        }
      }
      case CHECK -> {
        try (MemoryRegion region = provider.open(name)) {
          Pattern.check(region, Long.parseLong(args[4]));
        }
      }
      case HOLD -> {
        try (MemoryRegion region = provider.open(name);
            Access access = region.acquire()) {
          say(HOLDING);
          while (System.in.read() >= 0) {
            Pattern.checkZero(access.segment(), 0, 0);
          }
        }
      }
      case ABANDON -> {
        MemoryRegion unnamed = provider.allocate(RegionRequest.ofSize(1 << 20));
        Pattern.write(unnamed, 1);
        MemoryRegion region = allocate(provider, name, args);
        Pattern.write(region, Long.parseLong(args[5]));
        if (provider.capabilities().contains(Capability.FORCE)) {
          region.force();
        }
        say(HOLDING);
        while (System.in.read() >= 0) {
          Pattern.check(region, Long.parseLong(args[5]));
        }
      }
    }
  }

  private static MemoryRegion allocate(MemoryProvider provider, String name, String[] args)
      throws MemoryException {
    return provider.allocate(RegionRequest.ofSize(Long.parseLong(args[4])).withName(name));
  }

  /** Standard output is the child's line to its parent, which reads words from it. */
  private static void say(String word) throws IOException {
    try (OutputStream out = new FileOutputStream(FileDescriptor.out)) {
      out.write((word + System.lineSeparator()).getBytes(StandardCharsets.US_ASCII));
    }
  }
}
