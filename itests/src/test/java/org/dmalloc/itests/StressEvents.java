/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.random.RandomGenerator;
import org.osgi.framework.Bundle;

/** What administrators do to backends, in random order: each kind of event several times. */
final class StressEvents implements Runnable {
  private final StressBackends backends;
  private final int count;
  private final RandomGenerator random;
  private final Map<String, Integer> done = new ConcurrentSkipListMap<>();
  private volatile Throwable failure;

  StressEvents(StressBackends backends, int count, RandomGenerator random) {
    this.backends = backends;
    this.count = count;
    this.random = random;
  }

  /** One kind of event. */
  @FunctionalInterface
  private interface Event {
    void happen() throws Exception;
  }

  @Override
  public void run() {
    List<Map.Entry<String, Event>> kinds =
        List.of(
            Map.entry("stopped and started", this::stopAndStart),
            Map.entry("all file backends stopped and started", this::stopBothFileBackends),
            Map.entry("updated", this::update),
            Map.entry("backend configured", this::configure),
            Map.entry("policy configured", this::configurePolicy));
    try {
      for (int i = 0; i < count; i++) {
        // The first of each kind in order, so that none is left out; then at random.
        int kind = i < kinds.size() ? i : random.nextInt(kinds.size());
        kinds.get(kind).getValue().happen();
        backends.awaitAll();
        done.merge(kinds.get(kind).getKey(), 1, Integer::sum);
      }
    } catch (Throwable t) {
      failure = t;
    }
  }

  /** Throws if an event failed. */
  void check() {
    if (failure != null) {
      throw new AssertionError("administrator after " + done + ": " + failure, failure);
    }
  }

  private Bundle any() {
    return backends.bundle(
        StressBackends.BUNDLES.get(random.nextInt(StressBackends.BUNDLES.size())));
  }

  private void stopAndStart() throws Exception {
    Bundle bundle = any();
    bundle.stop();
    bundle.start();
  }

  /** Stored regions have nowhere to go meanwhile: their users wait. */
  private void stopBothFileBackends() throws Exception {
    List<Bundle> files =
        StressBackends.BUNDLES.subList(0, 2).stream().map(backends::bundle).toList();
    for (Bundle bundle : files) {
      bundle.stop();
    }
    for (Bundle bundle : files) {
      bundle.start();
    }
  }

  private void update() throws Exception {
    any().update();
  }

  private void configure() throws Exception {
    String backend =
        StressBackends.WITH_FILES.get(random.nextInt(StressBackends.WITH_FILES.size()));
    backends.configure(backend, 5_000 + random.nextInt(500_000));
  }

  private void configurePolicy() throws Exception {
    backends.configureManager(List.of("STAY", "RETURN", "FOLLOW").get(random.nextInt(3)));
  }

  @Override
  public String toString() {
    return done.toString();
  }
}
