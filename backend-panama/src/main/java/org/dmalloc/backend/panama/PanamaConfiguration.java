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
