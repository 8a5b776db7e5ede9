/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Option;

/**
 * What every provider of regions can be configured to, as administrators read it; a backend's
 * description extends this one. {@link ConfigurationReader} reads the values.
 */
public interface ProviderConfiguration {
  @AttributeDefinition(
      name = "Limit of bytes",
      description =
          "The most that this provider's open regions may have in all, in bytes or as 512m, 4g, 1t."
              + " Empty: no limit.",
      required = false)
  String limit_bytes();

  @AttributeDefinition(
      name = "Limit of regions",
      description = "How many regions may be open. Empty: no limit.",
      required = false)
  String limit_regions();

  @AttributeDefinition(
      name = "Limit of bytes of one owner",
      description =
          "The most that the open regions of one owner may have, as their requests name it; those"
              + " that name none count as one. Empty: no limit.",
      required = false)
  String owner_limit_bytes();

  @AttributeDefinition(
      name = "Limit of regions of one owner",
      description = "How many regions of one owner may be open. Empty: no limit.",
      required = false)
  String owner_limit_regions();

  @AttributeDefinition(
      name = "Limits of bytes of named owners",
      description = "Entries such as cache=512m, in place of the one for any owner.",
      required = false,
      cardinality = 100)
  String[] owner_limits();

  @AttributeDefinition(
      name = "Time-out of access sections, in milliseconds",
      description = "How long close and resize wait for open access sections.",
      min = "1",
      defaultValue = "10000")
  long section_timeout_millis();

  @AttributeDefinition(
      name = "Check of memory",
      description =
          "Whether to refuse to lock or prefault more than the machine or control group has left,"
              + " where the kernel would end a process or drop the first pages again.",
      options = {
        @Option(label = "refuse with the numbers", value = "REFUSE"),
        @Option(label = "let the kernel find out", value = "OFF")
      },
      defaultValue = "REFUSE")
  String memory_check();
}
