/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.List;
import org.dmalloc.measure.RunOptions;

/**
 * The task of a child JVM: one line of JSON on its standard input, which then stays open for as
 * long as the child is wanted.
 *
 * @param subject what it measures, in the JSON of its main class
 * @param rehearsalBytes size of a small store on which all steps run first, so that their code is
 *     compiled; 0 for none
 * @param rehearsalNanos how long each step runs there
 * @param fill how to fill the store first; what it has no time for is loaded
 * @param measuresFill whether the fill is reported
 * @param ramBytes the approximate part of the store that fits into RAM beside the child
 * @param devices names of the block devices whose traffic is counted
 * @param peakFile the kernel's file with the peak charge of the process's cgroup; empty for that of
 *     its own cgroup of version 2
 */
public record ChildTask(
    String subject,
    String directory,
    long byteSize,
    long rehearsalBytes,
    long rehearsalNanos,
    RunOptions fill,
    boolean measuresFill,
    long ramBytes,
    List<Step> steps,
    List<String> devices,
    String peakFile) {
  /** The name of the step that fills. */
  public static final String FILL = "fill";

  /**
   * One measurement.
   *
   * @param name by which the child reports it
   * @param fromCold whether to close and reopen the store first, with nothing of it in RAM. The
   *     child then survives a failure of the step
   * @param verified whether to reopen the store from cold afterwards and check what was stored last
   */
  public record Step(String name, boolean fromCold, boolean verified, List<Part> parts) {
    /** A step on the store as it is. */
    public Step(String name, String workload, RunOptions options) {
      this(name, false, false, List.of(new Part(workload, options)));
    }
  }

  public record Part(String workload, RunOptions options) {}
}
