/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.apache.felix.framework.Felix;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.log.LoggerFactory;

/**
 * One running framework, whose bundle cache is removed when it ends.
 *
 * <p>A signal during the start stops the start, which cleans up while the JVM's shutdown waits. A
 * framework that is stopped during its start prints errors that mean nothing.
 */
final class FrameworkRun implements AutoCloseable {
  private static final long STOP_MILLIS = 15_000;

  /** Much more than a start needs; the command's receiver takes it as soon as it is registered. */
  private static final long START_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final RunDirectory directory;
  private final PrintStream err;
  private final Thread hook = new Thread(this::endAfterStart, "dmalloc shutdown");
  private final CountDownLatch startOver = new CountDownLatch(1);
  private @Nullable Felix started;
  private boolean ended;

  /** Whether the command or the shell runs: from then on a signal does not suppress errors. */
  private volatile boolean working;

  private FrameworkRun(RunDirectory directory, PrintStream err) {
    this.directory = directory;
    this.err = err;
  }

  /** Whether a signal ends this JVM, which explains later failures. */
  static boolean isJvmEnding() {
    try {
      Runtime.getRuntime().removeShutdownHook(new Thread());
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  /**
   * Starts a framework with the bundles of the layout. {@code lines} adds Gogo's own commands for
   * lines of input; {@code interactive} starts the interactive shell.
   */
  static FrameworkRun start(Layout layout, boolean interactive, boolean lines, PrintStream err)
      throws IOException, BundleException, InterruptedException {
    if (!interactive) {
      // stdout is for results alone: a bundle's own output goes to stderr.
      System.setOut(err);
    }
    RunDirectory directory = makeDirectory(err);
    FrameworkRun run = new FrameworkRun(directory, err);
    try {
      Runtime.getRuntime().addShutdownHook(run.hook);
      run.begin(layout, interactive, lines);
      return run;
    } catch (IOException | BundleException | InterruptedException | RuntimeException | Error e) {
      run.close();
      throw e;
    } finally {
      run.startOver.countDown();
    }
  }

  private void begin(Layout layout, boolean interactive, boolean lines)
      throws IOException, BundleException, InterruptedException {
    // JLine unpacks a library, and would leave it in the temporary directory.
    System.setProperty("jline.tmpdir", directory.path().toString());
    List<Path> configuration = Configuration.files(layout);
    Felix framework =
        new Felix(
            FrameworkProperties.of(
                layout,
                directory,
                interactive,
                interactive || lines,
                new StderrLogger(err, this::isSilent)));
    started = framework;
    framework.start();
    BundleContext context = framework.getBundleContext();
    context.registerService(LoggerFactory.class, new ComponentLog(err, this::isSilent), null);
    startBundles(layout.bundles(Layout.Group.RUNTIME));
    if (interactive || !configuration.isEmpty()) {
      startBundles(layout.bundles(Layout.Group.CONFIGURATION));
      Configuration.await(context, configuration, err);
    }
    startBundles(layout.bundles(Layout.Group.DMALLOC));
    if (interactive) {
      startBundles(layout.bundles(Layout.Group.CONSOLE));
    } else if (lines) {
      addGogoCommands(layout);
    }
  }

  private boolean isSilent() {
    return !working && isJvmEnding();
  }

  private Felix framework() {
    return Objects.requireNonNull(started, "no framework yet");
  }

  private static RunDirectory makeDirectory(PrintStream err) throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
    try {
      RunDirectory.removeLeftovers(temporary, err);
      return RunDirectory.create(temporary);
    } catch (IOException e) {
      String words = reason(e, temporary);
      String step = ProcessLimit.nextStep(words);
      String hint = step.isEmpty() ? "; set TMPDIR to a directory that you can write to" : "";
      throw new IOException("temporary directory " + temporary + ": " + words + hint);
    }
  }

  private static String reason(IOException e, Path parent) {
    if (e instanceof FileSystemException thrown && thrown.getReason() != null) {
      return thrown.getReason();
    }
    return switch (e) {
      // proc answers so when a directory is created there.
      case NoSuchFileException missing ->
          Files.isDirectory(parent) ? "is not writable for you" : "does not exist";
      case NotDirectoryException other -> "is not a directory";
      case AccessDeniedException refused -> "is not writable for you";
      default -> String.valueOf(e.getMessage());
    };
  }

  private void addGogoCommands(Layout layout) throws IOException, BundleException {
    for (Path jar : layout.bundles(Layout.Group.CONSOLE)) {
      if (String.valueOf(jar.getFileName()).startsWith("org.apache.felix.gogo.jline-")) {
        BundleContext context = framework().getBundleContext();
        GogoCommands.register(context, context.installBundle("reference:" + jar.toUri()));
      }
    }
  }

  private void startBundles(List<Path> jars) throws BundleException, InterruptedException {
    BundleContext context = framework().getBundleContext();
    List<Bundle> bundles = new ArrayList<>();
    for (Path jar : jars) {
      // By reference: the jar is read in place and not copied.
      bundles.add(context.installBundle("reference:" + jar.toUri()));
    }
    for (Bundle bundle : bundles) {
      if (isJvmEnding()) {
        throw new InterruptedException("a signal ended the start");
      }
      if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null) {
        bundle.start();
      }
    }
  }

  /**
   * Runs one command, or without words the lines of standard input. {@code terminal} says whether
   * standard error is a terminal. Throws an {@link IOException} if no started component runs
   * commands.
   */
  int execute(String[] words, boolean terminal) throws InterruptedException, IOException {
    CompletableFuture<Integer> status = new CompletableFuture<>();
    String type = System.getenv("TERM");
    ServiceRegistration<IntConsumer> registration =
        framework()
            .getBundleContext()
            .registerService(
                IntConsumer.class,
                status::complete,
                FrameworkUtil.asDictionary(
                    Map.of(
                        "dmalloc.arguments",
                        words,
                        "dmalloc.terminal",
                        terminal && type != null ? type : "",
                        "dmalloc.width",
                        Integer.getInteger("dmalloc.width", 0))));
    awaitUse(registration, status);
    working = true;
    try {
      return status.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A receiver takes the service at or soon after its registration, or never. */
  private void awaitUse(ServiceRegistration<IntConsumer> registration, Future<Integer> status)
      throws InterruptedException, IOException {
    long deadline = System.nanoTime() + START_NANOS;
    while (registration.getReference().getUsingBundles() == null && !status.isDone()) {
      if (System.nanoTime() - deadline > 0) {
        String idle =
            Arrays.stream(framework().getBundleContext().getBundles())
                .filter(bundle -> bundle.getState() != Bundle.ACTIVE)
                .filter(bundle -> bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null)
                .map(Bundle::getSymbolicName)
                .collect(Collectors.joining(", "));
        throw new IOException(
            "the component that runs commands did not start"
                + (idle.isEmpty() ? "" : "; not active: " + idle));
      }
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  /** Waits until the framework is stopped, as the interactive shell does at its end. */
  int awaitStop() throws InterruptedException {
    working = true;
    framework().waitForStop(0);
    return 0;
  }

  /** Stops the framework and removes its directory; a signal leads here too. */
  @Override
  public void close() {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down, and its hook does this.
    }
  }

  /** The shutdown hook. */
  private void endAfterStart() {
    try {
      // A start that hangs is left behind, as is any bundle that does not stop.
      boolean over = startOver.await(STOP_MILLIS, TimeUnit.MILLISECONDS);
      if (!over) {
        err.println("dmalloc: the start did not end; its directory is removed all the same");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    end();
  }

  /** A second caller waits for the first, because the JVM ends when its hook does. */
  private synchronized void end() {
    if (ended) {
      return;
    }
    ended = true;
    Felix framework = started;
    try {
      if (framework != null) {
        framework.stop();
        framework.waitForStop(STOP_MILLIS);
      }
    } catch (BundleException e) {
      err.println("dmalloc: the framework did not stop cleanly: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      directory.close();
    } catch (IOException e) {
      err.println("dmalloc: cannot remove " + directory.path() + ": " + e.getMessage());
    }
  }
}
