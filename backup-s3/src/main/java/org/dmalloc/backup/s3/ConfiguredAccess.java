/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One configuration of the PID {@value #PID}: who we are for an endpoint, or for a bucket there.
 *
 * @param pid its own, for messages
 * @param bucket null for all of the endpoint
 * @param endpoint null for AWS
 * @param region null for the usual
 * @param keys null for the client's usual chain
 */
record ConfiguredAccess(
    String pid,
    @Nullable String bucket,
    @Nullable URI endpoint,
    @Nullable String region,
    @Nullable Keys keys) {
  static final String PID = "org.dmalloc.backup.s3";

  static final String BUCKET = "bucket";
  static final String ENDPOINT = "endpoint";
  static final String REGION = "region";
  static final String ACCESS_KEY_ID = "access.key.id";
  static final String SECRET_ACCESS_KEY = "secret.access.key";
  static final String SESSION_TOKEN = "session.token";

  private static final Set<String> KNOWN =
      Set.of(BUCKET, ENDPOINT, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN);

  private static final List<String> OF_THE_CONTAINER = List.of("service.", "felix.", ".", "org.");

  /**
   * Reads a configuration.
   *
   * @throws IllegalArgumentException if a key is not known or a value is wrong; names PID and key,
   *     and the value only where it is no secret
   */
  static ConfiguredAccess of(String pid, Map<String, ?> properties) {
    for (String key : properties.keySet()) {
      if (!KNOWN.contains(key) && OF_THE_CONTAINER.stream().noneMatch(key::startsWith)) {
        throw bad(pid, key, "is not known; use " + KNOWN.stream().sorted().toList());
      }
    }
    String id = text(properties, ACCESS_KEY_ID);
    String secret = text(properties, SECRET_ACCESS_KEY);
    String token = text(properties, SESSION_TOKEN);
    if ((id == null) != (secret == null)) {
      throw bad(
          pid,
          id == null ? ACCESS_KEY_ID : SECRET_ACCESS_KEY,
          "is missing; give both keys, or none for the client's usual chain");
    }
    if (token != null && id == null) {
      throw bad(pid, SESSION_TOKEN, "is there without keys; give them too");
    }
    try {
      String endpoint = text(properties, ENDPOINT);
      String region = text(properties, REGION);
      return new ConfiguredAccess(
          pid,
          text(properties, BUCKET),
          endpoint == null ? null : S3Location.endpoint(endpoint),
          region == null ? null : S3Location.region(region),
          id == null || secret == null ? null : new Keys(id, secret, token));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("configuration " + pid + ": " + e.getMessage(), e);
    }
  }

  private static @Nullable String text(Map<String, ?> properties, String key) {
    Object value = properties.get(key);
    return value == null || value.toString().isBlank() ? null : value.toString().strip();
  }

  private static IllegalArgumentException bad(String pid, String key, String problem) {
    return new IllegalArgumentException("configuration " + pid + ": " + key + " " + problem);
  }

  /**
   * How well it suits a store: 0 not at all; more if it names the bucket. Keys go to no other
   * endpoint than the one that they are configured for; an address without one gets the endpoint of
   * its bucket.
   */
  private int suits(S3Location location) {
    if (bucket != null && !bucket.equals(location.bucket())) {
      return 0;
    }
    boolean sameEndpoint =
        endpoint == null ? location.endpoint() == null : endpoint.equals(location.endpoint());
    boolean givesEndpoint = location.endpoint() == null && bucket != null;
    if (!sameEndpoint && !givesEndpoint) {
      return 0;
    }
    return bucket == null ? 1 : 2;
  }

  /**
   * The one that suits a store best; null if none does.
   *
   * @throws IllegalArgumentException if two suit it equally
   */
  static @Nullable ConfiguredAccess best(List<ConfiguredAccess> all, S3Location location) {
    int most = all.stream().mapToInt(each -> each.suits(location)).max().orElse(0);
    if (most == 0) {
      return null;
    }
    List<ConfiguredAccess> best =
        all.stream().filter(each -> each.suits(location) == most).toList();
    if (best.size() > 1) {
      throw new IllegalArgumentException(
          "configurations "
              + best.stream().map(ConfiguredAccess::pid).sorted().toList()
              + " are all for "
              + location.text()
              + "; tell them apart by endpoint and bucket");
    }
    return best.getFirst();
  }
}
