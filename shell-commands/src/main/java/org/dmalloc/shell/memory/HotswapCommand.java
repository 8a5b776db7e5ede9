/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Moves open regions to another backend. */
public final class HotswapCommand extends CommandSet {
  public HotswapCommand(Providers providers) {
    super(providers, "hotswap");
  }

  @Descriptor(
      "moves regions to another backend while they are used; Ctrl-C leaves them where they are")
  @Affects(Effect.WRITE)
  public Message hotswap(
      CommandSession session,
      @Argument("ID… BACKEND: ids or names of open regions, and last the backend")
          List<Object> words,
      @Argument("-a, --all: all regions that can move; says which cannot") boolean all,
      @Argument("--rate RATE: the most bytes to copy per second; default no limit")
          @Nullable ByteSize rate)
      throws MemoryException, CommandFailure {
    if (words.isEmpty() || all != (words.size() == 1)) {
      throw new UsageException(
          "hotswap: give the ids of regions, or --all, and then the backend; see 'regions' and"
              + " 'providers'");
    }
    String backend = providers().nameForMover(words.getLast().toString());
    MoveOptions options =
        rate == null ? MoveOptions.DEFAULT : MoveOptions.DEFAULT.withBytesPerSecond(rate.bytes());
    List<Long> ids = ids(all, words);
    List<String> lines = new ArrayList<>();
    int failures = 0;
    for (long id : ids) {
      try {
        lines.add(move(session, id, backend, options));
      } catch (MemoryException | RuntimeException e) {
        if (ids.size() == 1 || Thread.currentThread().isInterrupted()) {
          throw e;
        }
        // The others can still move; a region that was closed meanwhile is no failure of theirs.
        failures++;
        String why = CommandFailure.of("hotswap", e, providers()).getMessage();
        lines.add("region " + id + ": stays where it is: " + why);
      }
    }
    if (all) {
      lines.addAll(skipped(session));
    }
    Message result = Message.of(lines.isEmpty() ? List.of("no region is open") : lines);
    if (failures > 0) {
      Console.of(session).print(result);
      throw CommandFailure.because(
          null, "hotswap: %d of %d moves failed; see above", failures, ids.size());
    }
    return result;
  }

  /** A line for each open region that cannot move, with the reason. */
  private List<String> skipped(CommandSession session) {
    return providers().regions(warn(session)).stream()
        .filter(open -> providers().managed(open.info().id()).isEmpty())
        .map(this::skipped)
        .toList();
  }

  private String skipped(Backend.Open open) {
    Backend backend = open.backend();
    String why =
        backend == null
            ? "is orphaned: " + open.info().backend() + " was stopped or reconfigured"
            : "belongs to "
                + providers().name(backend)
                + " and cannot move; allocate with '-b managed'";
    return "region " + open.info().id() + ": skipped, it " + why;
  }

  /** All ids are resolved before the first move, so that a mistyped one prevents all. */
  private List<Long> ids(boolean all, List<Object> words) {
    if (all) {
      return providers().mover().managed().stream().map(ManagedRegionInfo::id).toList();
    }
    providers().mover(); // says so if there is none
    return words.subList(0, words.size() - 1).stream()
        .map(lookup()::open)
        .map(MemoryRegion::id)
        .distinct()
        .map(this::movable)
        .toList();
  }

  private Long movable(Long id) {
    if (providers().managed(id).isEmpty()) {
      throw UsageException.of(
          "region %d %s",
          id,
          Providers.orphanedSince(id).isPresent()
              ? "is orphaned: its backend was stopped or reconfigured, and it cannot move; free it"
                  + " and allocate it again with '-b managed'"
              : "belongs to its backend and cannot move; allocate with '-b managed'");
    }
    return id;
  }

  private String move(CommandSession session, long id, String backend, MoveOptions options)
      throws MemoryException {
    try (ProgressLine progress = Console.of(session).progress("hotswap " + id)) {
      MoveResult result = providers().mover().move(id, backend, options, progress);
      return "region " + id + ": " + result.from() + " → " + result.to() + ", " + describe(result);
    }
  }

  static String describe(MoveResult result) {
    double pauseMillis = result.pauseNanos() / 1e6;
    return switch (result.method()) {
      case NONE -> "it is there already";
      case REMAP ->
          String.format(
              Locale.ROOT, "same file mapped anew, nothing copied, pause %.2f ms", pauseMillis);
      case COPY ->
          String.format(
              Locale.ROOT,
              "%s copied in %d passes (%s), pause %.2f ms, %.0f MB/s",
              ByteSize.format(result.copiedBytes()),
              result.passes(),
              result.tracking(),
              pauseMillis,
              result.megabytesPerSecond());
    };
  }
}
