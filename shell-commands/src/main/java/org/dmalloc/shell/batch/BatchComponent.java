/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.batch;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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

  private static final long STOP_SECONDS = 10;

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
      thread = null;
      return;
    }
    String[] arguments = (String[]) launcher.getKey().get(ARGUMENTS);
    String terminal = String.valueOf(launcher.getKey().getOrDefault(TERMINAL, ""));
    List<String> words = arguments == null ? List.of() : List.of(arguments);
    IntConsumer exit = launcher.getValue();
    thread = new Thread(() -> exit.accept(run(processor, words, terminal)), "dmalloc batch");
    thread.start();
  }

  private static int run(CommandProcessor processor, List<String> words, String terminal) {
    // Never System.in and System.out: Gogo replaces those by streams that come back here. The
    // descriptors stay open: what fails later must still be able to say so.
    FileInputStream in = new FileInputStream(FileDescriptor.in);
    FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    FileOutputStream err = new FileOutputStream(FileDescriptor.err);
    try (BatchRun run = new BatchRun(processor, in, out, err, terminal)) {
      return words.isEmpty() ? run.runLines(in) : run.run(words);
    }
  }

  /** Interrupts the command, and gives it time to free what it took. */
  @Deactivate
  void deactivate() throws InterruptedException {
    if (thread != null) {
      thread.interrupt();
      thread.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
    }
  }
}
