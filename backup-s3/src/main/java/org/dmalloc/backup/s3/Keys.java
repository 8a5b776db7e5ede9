/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/** Credentials as they were configured. No text of them has any part. */
final class Keys {
  private final String accessKeyId;
  private final String secretAccessKey;
  private final @Nullable String sessionToken;

  Keys(String accessKeyId, String secretAccessKey, @Nullable String sessionToken) {
    this.accessKeyId = accessKeyId;
    this.secretAccessKey = secretAccessKey;
    this.sessionToken = sessionToken;
  }

  /** As the client takes them. */
  AwsCredentials credentials() {
    return sessionToken == null
        ? AwsBasicCredentials.create(accessKeyId, secretAccessKey)
        : AwsSessionCredentials.create(accessKeyId, secretAccessKey, sessionToken);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Keys keys
        && accessKeyId.equals(keys.accessKeyId)
        && secretAccessKey.equals(keys.secretAccessKey)
        && Objects.equals(sessionToken, keys.sessionToken);
  }

  @Override
  public int hashCode() {
    return accessKeyId.hashCode();
  }

  @Override
  public String toString() {
    return "credentials";
  }
}
