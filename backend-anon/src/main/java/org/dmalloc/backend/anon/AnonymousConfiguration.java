/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.spi.region.ProviderConfiguration;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** What can be configured for each of the three providers; {@link AnonymousSettings} reads it. */
@ObjectClassDefinition(
    name = "dmalloc: memory without a file",
    description =
        "A provider of memory that swap backs. Changes need no restart; open regions stay.")
interface AnonymousConfiguration extends ProviderConfiguration {
  @AttributeDefinition(
      name = "Name",
      description =
          "The provider's name, unique among all backends; leave it out for the usual one.",
      required = false)
  String dmalloc_backend();

  @AttributeDefinition(
      name = "Swap policies",
      description = "Applied to regions whose request names none.",
      required = false,
      cardinality = 9,
      options = {
        @Option(label = "leave it to the kernel", value = "KERNEL"),
        @Option(label = "never swap (locked at first touch)", value = "NEVER"),
        @Option(label = "swap early", value = "EARLY"),
        @Option(label = "page out now", value = "NOW"),
        @Option(label = "read ahead from swap", value = "READ_AHEAD"),
        @Option(label = "no read-ahead", value = "NO_READ_AHEAD"),
        @Option(label = "transparent huge pages", value = "HUGE_PAGES"),
        @Option(label = "no transparent huge pages", value = "NO_HUGE_PAGES"),
        @Option(label = "bring all pages in", value = "PREFAULT")
      },
      defaultValue = "")
  String[] policies();

  @AttributeDefinition(
      name = "Service ranking",
      description = "Which provider a plain reference gets: the highest. Empty: the usual one.",
      required = false)
  int service_ranking();
}
