/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.List;
import org.dmalloc.measure.RunOptions;

/**
 * What a child JVM is to do: one line of JSON on its standard input, which then stays open for as
 * long as the child is wanted.
 *
 * @param subject what it measures, in JSON, as its main class reads it
 * @param rehearsalBytes size of a small store on which all steps run first, so that their code is
 *     compiled; 0 for none
 * @param rehearsalNanos how long each of them runs there
 * @param fill how the store is filled, which comes first; what it has no time for is loaded
 * @param measuresFill whether that is reported
 * @param ramBytes what of the store RAM can hold beside the child itself, about
 * @param devices names of the block devices whose traffic is counted
 * @param peakFile where the kernel reports the most that this process's cgroup was charged for;
 *     empty for that of the cgroup of version 2 that it finds itself in
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
   * Something to measure.
   *
   * @param name by which the child reports it
   * @param fromCold whether nothing of the store is in RAM when it begins. The store is closed for
   *     that and opened again, so that the child goes on when the step fails
   * @param verified whether the store is opened again afterwards, from cold, and what was stored
   *     last is looked for
   */
  public record Step(String name, boolean fromCold, boolean verified, List<Part> parts) {
    /** A step that takes the store as it is. */
    public Step(String name, String workload, RunOptions options) {
      this(name, false, false, List.of(new Part(workload, options)));
    }
  }

  /** A run of a workload. */
  public record Part(String workload, RunOptions options) {}
}
