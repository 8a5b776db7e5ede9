/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.WorkloadRun;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.compare.child.ChildTask.Part;
import org.dmalloc.measure.compare.child.ChildTask.Step;
import org.dmalloc.measure.machine.KernelCounter;
import org.jspecify.annotations.Nullable;

/**
 * Runs steps over a subject's store, which is reopened for each step that starts from cold. One
 * thread uses it.
 */
public final class SubjectSession implements AutoCloseable {
  /** The number of pages to check of those that a verified step stored. */
  private static final int VERIFIED_PAGES = 1000;

  private final Subject subject;
  private final Path directory;
  private final long byteSize;
  private final KernelCounter counter;
  private @Nullable PageStore opened;

  /** Takes an empty directory for files, and opens nothing yet. */
  public SubjectSession(Subject subject, Path directory, long byteSize, KernelCounter counter) {
    this.subject = subject;
    this.directory = directory;
    this.byteSize = byteSize;
    this.counter = counter;
  }

  /** The store, opened for a step if it is not open. */
  PageStore open(String step) throws IOException {
    PageStore store = opened;
    if (store == null) {
      store = subject.open(directory, byteSize, step);
      opened = store;
    }
    return store;
  }

  private PageStore cold(String step) throws IOException {
    PageStore store = opened;
    if (store == null || !store.forget()) {
      closeStore();
      subject.dropCaches(directory);
    }
    return open(step);
  }

  /**
   * Creates and fills the store, of which RAM can hold about {@code ramBytes}. What the options
   * leave no time for is loaded.
   */
  public Measurement fill(RunOptions options, long ramBytes) throws IOException {
    PageStore store = open(ChildTask.FILL);
    RunOptions possible = store.fillsInParts() ? options : options.withLimit(RunOptions.UNLIMITED);
    Measurement filled = measure(prepare(store, Workloads.FILL, possible), store);
    if (filled.operations() < store.pageCount()) {
      store.bulkLoad(filled.operations(), new PageContent(options.seed()));
      store.settle(ramBytes);
    }
    return filled;
  }

  /** Why the store does not support a step; empty if it does. */
  public Optional<String> lacks(Step step) throws IOException {
    if (takesStoresPlace(step)) {
      return Optional.empty();
    }
    PageStore store = open(step.name());
    for (Part part : step.parts()) {
      Workload workload = subject.workload(part.workload());
      if (workload.kind() == Workload.Kind.ALLOCATE && subject.blocks() == null) {
        return Optional.of("it gives no memory of its own");
      }
      if (workload.kind() == Workload.Kind.WRITE && !store.writable()) {
        return Optional.of("its files are written once");
      }
      if (workload.needs().contains(Capability.PREFETCH) && !store.announces()) {
        return Optional.of("it has no call to announce pages");
      }
    }
    return Optional.empty();
  }

  /**
   * Runs a step over the filled store, and returns the figures of each part. The measurement of a
   * part ends after {@code atMostNanos} at the latest.
   */
  public List<Measurement> run(Step step, long atMostNanos) throws IOException {
    if (takesStoresPlace(step)) {
      closeStore();
      return measured(step, null, atMostNanos);
    }
    return measured(step, step.fromCold() ? cold(step.name()) : open(step.name()), atMostNanos);
  }

  private boolean takesStoresPlace(Step step) {
    return step.parts().stream()
        .anyMatch(part -> subject.takesStoresPlace(subject.workload(part.workload())));
  }

  private List<Measurement> measured(Step step, @Nullable PageStore opened, long atMostNanos)
      throws IOException {
    @Nullable PageStore store = opened;
    List<Measurement> measured = new ArrayList<>();
    for (Part part : step.parts()) {
      RunOptions options = part.options();
      WorkloadRun run =
          prepare(
              store,
              subject.workload(part.workload()),
              options.limitNanos() > atMostNanos ? options.withLimit(atMostNanos) : options);
      measured.add(measure(run, store));
      if (step.verified()) {
        store = cold(step.name());
        run.verify(store, VERIFIED_PAGES);
      }
    }
    return measured;
  }

  private WorkloadRun prepare(@Nullable PageStore store, Workload workload, RunOptions options) {
    boolean allocates = workload.kind() == Workload.Kind.ALLOCATE;
    return new WorkloadRun(workload, allocates ? null : store, subject.blocks(), options, counter);
  }

  private Measurement measure(WorkloadRun run, @Nullable PageStore store) throws IOException {
    try {
      return store != null && store.confined() ? run.runHere() : run.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public void close() throws IOException {
    closeStore();
    subject.closeBlocks();
  }

  private void closeStore() throws IOException {
    PageStore store = opened;
    if (store != null) {
      opened = null;
      store.close();
    }
  }
}
