/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** What can be configured; {@link FileChannelSettings} reads it. */
@ObjectClassDefinition(
    pid = FileChannelProvider.PID,
    factoryPid = FileChannelProvider.PID,
    name = "dmalloc: files mapped by FileChannel",
    description =
        "A provider of memory in files, in pure Java. Without a configuration there is one, in the"
            + " default directory; with factory configurations, one for each. A change restarts the"
            + " provider; open regions stay.")
@interface FileChannelConfiguration {
  @AttributeDefinition(
      name = "Name",
      description = "The provider's name, unique among all backends.",
      required = false)
  String dmalloc_backend() default FileChannelProvider.NAME;

  @AttributeDefinition(
      name = "Directory",
      description =
          "Where the region files are; it must exist. Empty: the framework property"
              + " dmalloc.directory, else $XDG_STATE_HOME/dmalloc, else ~/.local/state/dmalloc,"
              + " created when first needed.",
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
      name = "Sharing",
      description = "Who sees the stores to a region whose request leaves it open.",
      options = {
        @Option(label = "the file, and all who map it", value = "SHARED"),
        @Option(label = "nobody else: copy on write", value = "PRIVATE")
      })
  String sharing() default "SHARED";

  @AttributeDefinition(
      name = "Time-out of access sections, in milliseconds",
      description = "How long close waits for open access sections.",
      min = "1")
  long section_timeout_millis() default 10_000;

  @AttributeDefinition(
      name = "Check of memory",
      description =
          "Whether to refuse to prefault more than the machine or control group has left,"
              + " where the first pages would be gone before the last are in.",
      options = {
        @Option(label = "refuse with the numbers", value = "REFUSE"),
        @Option(label = "let the kernel find out", value = "OFF")
      })
  String memory_check() default "REFUSE";

  @AttributeDefinition(
      name = "Service ranking",
      description = "Which provider a plain reference gets: the highest.",
      required = false)
  int service_ranking() default FileChannelProvider.RANKING;
}
