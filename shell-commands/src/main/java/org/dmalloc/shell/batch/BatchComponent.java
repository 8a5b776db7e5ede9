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
 * Runs what a launcher asks for. A launcher registers an {@link IntConsumer} with the property
 * {@value #ARGUMENTS} when all bundles are started; it is told the exit status. In a framework
 * without such a launcher this component does nothing.
 */
@Component(
    service = {},
    immediate = true)
public final class BatchComponent {
  /**
   * Property of the launcher's service: the words of one command, a string array; empty to run the
   * lines of standard input.
   */
  static final String ARGUMENTS = "dmalloc.arguments";

  /** Property of the launcher's service: the type of the terminal behind stderr, or empty. */
  static final String TERMINAL = "dmalloc.terminal";

  /** Property of the launcher's service: how wide the terminal behind stdout is, or 0. */
  static final String WIDTH = "dmalloc.width";

  /** The status when no command could run; EX_SOFTWARE of sysexits.h. */
  private static final int BROKEN = 70;

  private final @Nullable BatchRun run;
  private final @Nullable Thread thread;

  /** Starts the run, if a launcher asks for one. */
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
    // Never System.in and System.out: Gogo replaces those by streams that come back here. The
    // descriptors stay open: what fails later must still be able to say so.
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

  /** Whatever is thrown, the launcher hears of the end: it would wait for ever. */
  private static int run(BatchRun run, List<String> words, FileInputStream in) {
    // Gogo cannot be stopped after a session was collected that nobody closed.
    try (run) {
      return words.isEmpty() ? run.runLines(in) : run.run(words);
    } catch (RuntimeException | Error e) {
      new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8)
          .println("dmalloc: " + e);
      return BROKEN;
    }
  }

  /** Ends the run; the command that runs is interrupted, and waited for, as all commands are. */
  @Deactivate
  void deactivate() {
    if (thread != null && run != null) {
      run.stop();
      thread.interrupt();
    }
  }
}
