/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import org.dmalloc.spi.region.ProviderConfiguration;
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
interface FileChannelConfiguration extends ProviderConfiguration {
  @AttributeDefinition(
      name = "Name",
      description = "The provider's name, unique among all backends.",
      required = false,
      defaultValue = FileChannelProvider.NAME)
  String dmalloc_backend();

  @AttributeDefinition(
      name = "Directory",
      description =
          "Where the region files are; it must exist. Empty: the framework property"
              + " dmalloc.directory, else $XDG_STATE_HOME/dmalloc, else ~/.local/state/dmalloc,"
              + " created when first needed.",
      required = false)
  String directory();

  @AttributeDefinition(
      name = "Limit of bytes of the store",
      description =
          "The most that the named regions in a directory may have, those of other processes"
              + " included. Empty: no limit.",
      required = false)
  String store_limit_bytes();

  @AttributeDefinition(
      name = "Limit of regions of the store",
      description =
          "How many named regions a directory may have, those of other processes included. Empty:"
              + " no limit.",
      required = false)
  String store_limit_regions();

  @AttributeDefinition(
      name = "Wipe",
      description =
          "Whether the files of deleted regions, and of unnamed ones when they are closed, are"
              + " overwritten with zeros before they go. What is open cannot be deleted then.",
      defaultValue = "false")
  boolean wipe();

  @AttributeDefinition(
      name = "Sharing",
      description = "Where the stores to a region go whose request leaves it open.",
      options = {
        @Option(label = "to the file and all its mappings", value = "SHARED"),
        @Option(label = "to this mapping alone: copy on write", value = "PRIVATE")
      },
      defaultValue = "SHARED")
  String sharing();

  @AttributeDefinition(
      name = "Service ranking",
      description = "Which provider a plain reference gets: the highest.",
      required = false,
      defaultValue = "" + FileChannelProvider.RANKING)
  int service_ranking();
}
