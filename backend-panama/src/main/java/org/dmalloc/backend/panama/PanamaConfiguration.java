/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.spi.region.ProviderConfiguration;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** What can be configured for each instance; {@link PanamaSettings} reads it. */
@ObjectClassDefinition(
    name = "dmalloc: files by mmap",
    description =
        "A provider of memory in files. One instance for each directory; open regions stay when it"
            + " changes.")
interface PanamaConfiguration extends ProviderConfiguration {
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
      },
      defaultValue = "AUTO")
  String pattern();

  @AttributeDefinition(
      name = "Service ranking",
      description = "Which provider a plain reference gets: the highest. Empty: 20.",
      required = false)
  int service_ranking();
}
