/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.batch;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.apache.felix.service.command.CommandProcessor;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * Runs the commands of a launcher. When all bundles are started, a launcher registers an {@link
 * IntConsumer} with the property {@value #ARGUMENTS}, which receives the exit status. Without such
 * a launcher this component does nothing.
 */
@Component(
    service = {},
    immediate = true)
public final class BatchComponent {
  /** Service property: the words of one command, a string array; empty for standard input. */
  static final String ARGUMENTS = "dmalloc.arguments";

  /** Service property: the type of the terminal behind stderr, or empty. */
  static final String TERMINAL = "dmalloc.terminal";

  /** Service property: the width of the terminal behind stdout, or 0. */
  static final String WIDTH = "dmalloc.width";

  /** The status when no command could run; EX_SOFTWARE of sysexits.h. */
  private static final int BROKEN = 70;

  private final @Nullable BatchRun run;
  private final @Nullable Thread thread;

  @Activate
  public BatchComponent(
      @Reference CommandProcessor processor,
      @Reference(
              cardinality = ReferenceCardinality.OPTIONAL,
              policyOption = ReferencePolicyOption.GREEDY,
              target = "(" + ARGUMENTS + "=*)")
          Map.@Nullable Entry<Map<String, Object>, IntConsumer> launcher) {
    if (launcher == null) {
      run = null;
      thread = null;
      return;
    }
    String[] arguments = (String[]) launcher.getKey().get(ARGUMENTS);
    String terminal = String.valueOf(launcher.getKey().getOrDefault(TERMINAL, ""));
    // Never System.in and System.out, which Gogo replaces by streams that come back here. The
    // descriptors stay open, because later failures must still be printable.
    FileInputStream in = new FileInputStream(FileDescriptor.in);
    BatchRun newRun =
        new BatchRun(
            processor,
            in,
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err),
            terminal,
            launcher.getKey().getOrDefault(WIDTH, 0) instanceof Integer width ? width : 0);
    List<String> words = arguments == null ? List.of() : List.of(arguments);
    IntConsumer exit = launcher.getValue();
    run = newRun;
    thread = new Thread(() -> exit.accept(run(newRun, words, in)), "dmalloc batch");
    // A read of standard input cannot be interrupted; it must not keep the JVM.
    thread.setDaemon(true);
    thread.start();
  }

  /** Whatever is thrown, the launcher receives a status, because it would wait forever. */
  private static int run(BatchRun run, List<String> words, FileInputStream in) {
    // Gogo cannot be stopped after the garbage collection of an unclosed session.
    try (run) {
      return words.isEmpty() ? run.runLines(in) : run.run(words);
    } catch (RuntimeException | Error e) {
      new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8)
          .println("dmalloc: " + e);
      return BROKEN;
    }
  }

  /** Ends the run; the running command is interrupted, and waited for like all commands. */
  @Deactivate
  void deactivate() {
    if (thread != null && run != null) {
      run.stop();
      thread.interrupt();
    }
  }
}
