/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.net.URI;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * A client with all that it needs. Whoever opens it closes it. Safe for any thread.
 *
 * @param client makes each request once
 */
record Connection(S3Client client, AwsCredentialsProvider credentials, Limits limits)
    implements AutoCloseable {
  /** Stores beside AWS take any, and this one is the usual. */
  private static final Region ANY = Region.US_EAST_1;

  static Connection open(S3Location location, @Nullable ConfiguredAccess access, Limits limits)
      throws MemoryException {
    URI endpoint = location.endpoint();
    if (endpoint == null && access != null) {
      endpoint = access.endpoint();
    }
    Region region = region(location, access, endpoint);
    AwsCredentialsProvider credentials = credentials(location, access);
    S3ClientBuilder builder =
        S3Client.builder()
            .region(region)
            .credentialsProvider(credentials)
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(limits.connect())
                    .socketTimeout(limits.silence()))
            // Stores beside AWS refuse the trailers that newer checksums come in; what is sent is
            // signed, or encrypted, and what is read is compared with digests of our own.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .serviceConfiguration(S3Configuration.builder().chunkedEncodingEnabled(false).build())
            // Attempts tries again: it must know whether an answer was lost.
            .overrideConfiguration(
                override -> override.retryStrategy(AwsRetryStrategy.doNotRetry()));
    if (endpoint != null) {
      builder.endpointOverride(endpoint).forcePathStyle(true);
    }
    return new Connection(builder.build(), credentials, limits);
  }

  private static AwsCredentialsProvider credentials(
      S3Location location, @Nullable ConfiguredAccess access) {
    Keys keys = access == null ? null : access.keys();
    String profile = location.profile();
    if (keys != null && profile == null) {
      return StaticCredentialsProvider.create(keys.credentials());
    }
    return profile == null
        ? DefaultCredentialsProvider.builder().build()
        : DefaultCredentialsProvider.builder().profileName(profile).build();
  }

  private static Region region(
      S3Location location, @Nullable ConfiguredAccess access, @Nullable URI endpoint)
      throws MemoryException {
    if (location.region() != null) {
      return Region.of(location.region());
    }
    if (access != null && access.region() != null) {
      return Region.of(access.region());
    }
    if (endpoint != null) {
      return ANY;
    }
    try {
      return DefaultAwsRegionProviderChain.builder()
          .profileName(location.profile())
          .build()
          .getRegion();
    } catch (SdkClientException e) {
      throw MemoryException.of(
          "open backup store",
          location.text(),
          "no region",
          "add ?region= to the address, or ?endpoint= for a store beside AWS");
    }
  }

  @Override
  public void close() {
    client.close();
    if (credentials instanceof SdkAutoCloseable closeable) {
      closeable.close();
    }
  }
}
