/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** What can be configured for each instance; {@link PanamaSettings} reads it. */
@ObjectClassDefinition(
    name = "dmalloc: files by mmap",
    description =
        "A provider of memory in files. One instance for each directory; open regions stay when it"
            + " changes.")
@interface PanamaConfiguration {
  @AttributeDefinition(
      name = "Name",
      description = "The provider's name, unique among all backends. Empty: panama.",
      required = false)
  String dmalloc_backend();

  @AttributeDefinition(
      name = "Directory",
      description =
          "An existing directory for the files, on the disk to use. Empty: the framework property"
              + " dmalloc.directory, else $XDG_STATE_HOME/dmalloc or ~/.local/state/dmalloc.",
      required = false)
  String directory();

  @AttributeDefinition(
      name = "Limit of bytes",
      description =
          "The most that this provider's open regions may have in all, in bytes or as 512m, 4g, 1t."
              + " Empty: no limit.",
      required = false)
  String limit_bytes();

  @AttributeDefinition(
      name = "Access pattern",
      description =
          "For requests that say AUTO. AUTO finds out, for each part of a region. RANDOM reads"
              + " single pages and suits data that is much larger than RAM; SEQUENTIAL reads far"
              + " ahead.",
      options = {
        @Option(label = "found out while it is used", value = "AUTO"),
        @Option(label = "the kernel's own heuristics", value = "NORMAL"),
        @Option(label = "scattered", value = "RANDOM"),
        @Option(label = "in order", value = "SEQUENTIAL")
      })
  String pattern() default "AUTO";

  @AttributeDefinition(
      name = "Time-out of access sections, in milliseconds",
      description = "How long close and resize wait for open access sections.",
      min = "1")
  long section_timeout_millis() default 10_000;

  @AttributeDefinition(
      name = "Check of memory",
      description =
          "Whether to refuse to lock or prefault more than the machine or control group has left,"
              + " where the kernel would end a process.",
      options = {
        @Option(label = "refuse with the numbers", value = "REFUSE"),
        @Option(label = "let the kernel find out", value = "OFF")
      })
  String memory_check() default "REFUSE";

  @AttributeDefinition(
      name = "Service ranking",
      description = "Which provider a plain reference gets: the highest. Empty: 20.",
      required = false)
  int service_ranking();
}
