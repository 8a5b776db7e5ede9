/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a thread did in an iteration, and the processor time that it took. On a machine with other
 * work an operation's processor time says more of an allocator than how many fit into a second.
 *
 * <p>JMH calls the benchmark also while it waits for the other threads to begin or to end. Its own
 * count leaves these calls out, processor time cannot: so they are counted here once more.
 */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Counted {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  // JMH reads these by name, and clears them after the setup.
  public long operations;
  public long cpuNanos;
  public long remoteFrees;

  private long doing;
  private long remotely;
  private long beganNanos;

  @Setup(Level.Iteration)
  public void begin() {
    doing = 0;
    remotely = 0;
    beganNanos = THREADS.getCurrentThreadCpuTime();
  }

  void operation() {
    doing++;
  }

  /** An operation that frees a block which another thread allocated. */
  void remoteFree() {
    remotely++;
  }

  @TearDown(Level.Iteration)
  public void end() {
    cpuNanos = THREADS.getCurrentThreadCpuTime() - beganNanos;
    operations = doing;
    remoteFrees = remotely;
  }
}
