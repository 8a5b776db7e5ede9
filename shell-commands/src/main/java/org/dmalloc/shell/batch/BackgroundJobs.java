/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.batch;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.felix.service.command.Job;
import org.apache.felix.service.command.JobListener;
import org.apache.felix.service.command.Result;

/** The jobs of a session behind {@code &}, whose results nobody requests. */
final class BackgroundJobs implements JobListener {
  private final Set<Job> running = new HashSet<>();
  private final Consumer<Result> ended;

  /** Passes the result of each ended job to {@code ended}, on a thread of Gogo's. */
  BackgroundJobs(Consumer<Result> ended) {
    this.ended = ended;
  }

  @Override
  public void jobChanged(Job job, Job.Status previous, Job.Status current) {
    if (current == Job.Status.Background) {
      synchronized (this) {
        running.add(job);
      }
    } else if (current == Job.Status.Done && previous == Job.Status.Background) {
      try {
        ended.accept(job.result());
      } finally {
        synchronized (this) {
          running.remove(job);
          notifyAll();
        }
      }
    }
  }

  /** Waits until all jobs have ended and their results are passed on. */
  synchronized void await() throws InterruptedException {
    while (!running.isEmpty()) {
      wait();
    }
  }
}
