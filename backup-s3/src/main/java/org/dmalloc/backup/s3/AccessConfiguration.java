/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** What can be configured for each endpoint and bucket; {@link ConfiguredAccess} reads it. */
@ObjectClassDefinition(
    factoryPid = ConfiguredAccess.PID,
    name = "dmalloc: credentials of S3-compatible stores",
    description =
        "Who we are for an endpoint, or for a bucket there. Read when a store is opened; without"
            + " one that suits, credentials come from the client's usual chain.")
@interface AccessConfiguration {
  @AttributeDefinition(
      name = "Endpoint",
      description = "Where the service is, http://host:port or https://host:port. Empty: AWS.",
      required = false)
  String endpoint();

  @AttributeDefinition(
      name = "Bucket",
      description =
          "Only for this bucket, which then needs no endpoint in its address. Empty: for all of the"
              + " endpoint.",
      required = false)
  String bucket();

  @AttributeDefinition(
      name = "Region",
      description = "For addresses without one.",
      required = false)
  String region();

  @AttributeDefinition(
      name = "Access key id",
      description = "Empty, with the secret: the client's usual chain.",
      required = false)
  String access_key_id();

  @AttributeDefinition(name = "Secret access key", type = AttributeType.PASSWORD, required = false)
  String secret_access_key();

  @AttributeDefinition(
      name = "Session token",
      description = "Only for credentials that have one.",
      type = AttributeType.PASSWORD,
      required = false)
  String session_token();
}
