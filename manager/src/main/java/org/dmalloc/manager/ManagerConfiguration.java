/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** What can be configured; {@link Settings} reads it. */
@ObjectClassDefinition(
    name = "dmalloc: movable regions",
    description = "Changes need no restart; open regions stay.")
@interface ManagerConfiguration {
  @AttributeDefinition(
      name = "Limit of bytes",
      description =
          "The most that all movable regions may have, in bytes or as 512m, 4g, 1t. Empty: no"
              + " limit.",
      required = false)
  String limit_bytes();

  @AttributeDefinition(
      name = "Limit of regions",
      description = "How many movable regions may be open. Empty: no limit.",
      required = false)
  String limit_regions();

  @AttributeDefinition(
      name = "Limit of bytes of one owner",
      description =
          "The most that the regions of one owner may have, as their requests name it; those that"
              + " name none count as one. Empty: no limit.",
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
  String[] owner_limits() default {};

  @AttributeDefinition(
      name = "Limit of regions of one bundle",
      description = "How many regions of one bundle may be open. Empty: no limit.",
      required = false)
  String bundle_limit_regions();

  @AttributeDefinition(
      name = "Limit of bytes of one bundle",
      description = "The most that one bundle's regions may have. Empty: no limit.",
      required = false)
  String bundle_limit_bytes();

  @AttributeDefinition(
      name = "Limits of named bundles",
      description = "Entries such as org.example.cache=512m, in place of the one above.",
      required = false,
      cardinality = 100)
  String[] bundle_limits() default {};

  @AttributeDefinition(
      name = "Policy",
      description = "When regions move by themselves. A backend that stops is left in any case.",
      options = {
        @Option(label = "never", value = "STAY"),
        @Option(label = "back home when the home backend is there again", value = "RETURN"),
        @Option(label = "always to the highest ranking", value = "FOLLOW"),
        @Option(label = "idle or over budget to a file, back when used", value = "SPILL")
      })
  String policy() default "RETURN";

  @AttributeDefinition(
      name = "Idle time before a spill, in milliseconds",
      description = "For the policy SPILL.",
      min = "1")
  long spill_idle_millis() default 60_000;

  @AttributeDefinition(
      name = "Budget of resident bytes without a file",
      description = "For the policy SPILL; in bytes or as 512m, 4g. Empty: no budget.",
      required = false)
  String spill_budget_bytes();

  @AttributeDefinition(
      name = "Interval of the policy, in milliseconds",
      description = "From one sample of all regions to the next.",
      min = "1")
  long policy_interval_millis() default 5_000;

  @AttributeDefinition(
      name = "Time-out of an evacuation, in milliseconds",
      description = "How long the stop of a backend waits for its regions to leave.",
      min = "1")
  long evacuation_timeout_millis() default 60_000;

  @AttributeDefinition(
      name = "Time-out of access sections, in milliseconds",
      description = "How long close and resize wait for open access sections.",
      min = "1")
  long section_timeout_millis() default 10_000;

  @AttributeDefinition(
      name = "Wait for a backend, in milliseconds",
      description =
          "How long users of a region that no backend can take wait for one to come; then the"
              + " region is read-only.",
      min = "1")
  long stranded_wait_millis() default 5_000;

  @AttributeDefinition(
      name = "Leaked regions",
      description = "What becomes of the regions that a bundle leaves open when it stops.",
      options = {
        @Option(label = "they stay open", value = "KEEP"),
        @Option(label = "they are closed", value = "CLOSE")
      })
  String leaks() default "KEEP";
}
