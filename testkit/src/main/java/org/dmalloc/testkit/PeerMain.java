/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionRequest;
import org.jspecify.annotations.Nullable;

/**
 * The other JVM of a test of sharing, {@code PeerMain FIXTURE DIRECTORY}: does what it reads, a
 * line each, with one region, and answers each by a line: {@code ok RESULT}, {@code refused
 * MESSAGE} of a {@link MemoryException}, or {@code failed EXCEPTION}.
 */
public final class PeerMain {
  static final String OK = "ok ";
  static final String REFUSED = "refused ";
  static final String FAILED = "failed ";

  private final MemoryProvider provider;
  private final Map<String, RegionMembers.Hold> holds = new HashMap<>();
  private @Nullable MemoryRegion region;

  private PeerMain(MemoryProvider provider) {
    this.provider = provider;
  }

  /** Works until the input ends. */
  public static void main(String[] args) throws Exception {
    ProviderFixture fixture =
        Class.forName(args[0]).asSubclass(ProviderFixture.class).getConstructor().newInstance();
    PeerMain peer = new PeerMain(fixture.start(ProviderSettings.in(Path.of(args[1]))));
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    // Standard output is the line to the parent, which reads answers from it.
    try (OutputStream out = new FileOutputStream(FileDescriptor.out)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String answer = peer.answer(line.split(" "));
        out.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
    System.exit(0); // the fixture's framework may have threads left
  }

  private String answer(String[] command) {
    try {
      return OK + run(command);
    } catch (MemoryException e) {
      return REFUSED + e.getMessage();
    } catch (IOException | RuntimeException e) {
      return FAILED + e;
    }
  }

  private Object run(String[] command) throws IOException {
    return switch (command[0]) {
      case "create" ->
          take(
              provider.allocate(
                  RegionRequest.ofSize(Long.parseLong(command[2]))
                      .withName(command[1])
                      .withProcessShared(true)));
      case "join" -> take(provider.open(OpenRequest.of(command[1]).withProcessShared(true)));
      case "join-reading" ->
          take(provider.open(OpenRequest.of(command[1]).readOnly().withProcessShared(true)));
      case "open" -> take(provider.open(command[1]));
      case "close" -> close();
      case "self" -> members().self();
      case "alive" -> members().isAlive(Integer.parseInt(command[1]));
      case "hold" -> hold(command[1], members().tryHold(command[1]));
      case "exclude" -> hold("", members().tryExclude());
      case "end" -> end(command.length > 1 ? command[1] : "");
      case "size" -> region().byteSize();
      case "length" -> region().length();
      case "ensure" -> region().ensure(Long.parseLong(command[1]));
      case "resize" -> resize(Long.parseLong(command[1]));
      case "use" -> use(Long.parseLong(command[1]));
      case "force" -> force();
      case "get" -> get(Long.parseLong(command[1]));
      case "set" -> set(Long.parseLong(command[1]), Long.parseLong(command[2]));
      case "add" -> add(Long.parseLong(command[1]), Long.parseLong(command[2]));
      case "turn" -> takeTurns(Long.parseLong(command[1]), Long.parseLong(command[2]));
      default -> throw new IllegalArgumentException(command[0] + ": no such command");
    };
  }

  private MemoryRegion region() {
    return Objects.requireNonNull(region, "open one first");
  }

  private RegionMembers members() {
    return region().members().orElseThrow();
  }

  private long take(MemoryRegion opened) {
    region = opened;
    return opened.byteSize();
  }

  private String close() {
    region().close();
    return "";
  }

  private boolean hold(String what, Optional<RegionMembers.Hold> hold) {
    hold.ifPresent(held -> holds.put(what, held));
    return hold.isPresent();
  }

  private String end(String what) throws MemoryException {
    Objects.requireNonNull(holds.remove(what), "not held").close();
    return "";
  }

  private long resize(long byteSize) throws MemoryException {
    region().resize(byteSize);
    return region().byteSize();
  }

  private long use(long length) {
    region().setLength(length);
    return region().length();
  }

  private String force() throws MemoryException {
    region().force();
    return "";
  }

  private long get(long offset) {
    try (Access access = region().acquire()) {
      return SharedCounter.get(access.segment(), offset);
    }
  }

  private String set(long offset, long value) {
    try (Access access = region().acquire()) {
      SharedCounter.set(access.segment(), offset, value);
    }
    return "";
  }

  /** Adds 1 so often, and returns how many nanoseconds that took. */
  private long add(long offset, long times) {
    try (Access access = region().acquire()) {
      return SharedCounter.add(access.segment(), offset, times);
    }
  }

  /** Makes odd numbers even, up to a number: the parent makes even ones odd. */
  private String takeTurns(long offset, long last) {
    try (Access access = region().acquire()) {
      SharedCounter.takeTurns(access.segment(), offset, 1, last);
    }
    return "";
  }
}
