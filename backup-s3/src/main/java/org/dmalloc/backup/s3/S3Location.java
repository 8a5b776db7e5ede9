/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The address of a store, {@code s3://bucket/prefix?endpoint=…&region=…&profile=…}. It has no
 * credentials, and one that has is refused without being shown.
 *
 * @param bucket its name
 * @param prefix what stands before each key, ending in a slash; empty for the whole bucket
 * @param endpoint where the service is; null for what is configured for the bucket, else AWS
 * @param region null for what is configured or usual
 * @param profile of the client's credentials file; null for the usual one
 */
record S3Location(
    String bucket,
    String prefix,
    @Nullable URI endpoint,
    @Nullable String region,
    @Nullable String profile) {
  static final String SCHEME = "s3";

  private static final String ENDPOINT = "endpoint";
  private static final String REGION = "region";
  private static final String PROFILE = "profile";
  private static final List<String> OPTIONS = List.of(ENDPOINT, REGION, PROFILE);

  private static final String BUCKET = "[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]";
  private static final String PART = "[A-Za-z0-9!_.*'()-]+";
  private static final int MAX_PREFIX = 500; // with the longest key below the 1,024 of the service

  /**
   * Reads an address and what is given beside it.
   *
   * @throws IllegalArgumentException if something of it is wrong, not known, or said twice in
   *     different ways
   */
  static S3Location parse(URI address, Map<String, String> options) {
    String authority = address.getRawAuthority();
    if (authority == null || authority.contains("@")) {
      throw new IllegalArgumentException(
          authority == null
              ? "address of a store without a bucket; give s3://bucket/prefix"
              : "address of a store with a user or key in it; credentials are configured, see"
                  + " docs/backup.md");
    }
    if (!authority.matches(BUCKET)) {
      throw new IllegalArgumentException(
          "bucket '"
              + authority
              + "' of a store; use 3 to 63 characters of a-z, 0-9, '.', '-', '_', the first and"
              + " the last a letter or digit");
    }
    if (address.getRawFragment() != null) {
      throw new IllegalArgumentException("address of a store with a '#'; leave it out");
    }
    Map<String, String> given = query(address.getRawQuery());
    options.forEach((key, value) -> add(given, key, value));
    String endpoint = given.get(ENDPOINT);
    return new S3Location(
        authority,
        prefix(address.getPath()),
        endpoint == null ? null : endpoint(endpoint),
        given.get(REGION) == null ? null : region(given.get(REGION)),
        given.get(PROFILE));
  }

  private static Map<String, String> query(@Nullable String query) {
    Map<String, String> found = new TreeMap<>();
    if (query != null && !query.isEmpty()) {
      for (String each : query.split("&", -1)) {
        int equals = each.indexOf('=');
        String value = equals < 0 ? "" : each.substring(equals + 1);
        add(
            found,
            equals < 0 ? each : each.substring(0, equals),
            URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8));
      }
    }
    return found;
  }

  /** The value of an option that is not known may be a secret: only its name is shown. */
  private static void add(Map<String, String> found, String key, String value) {
    if (!OPTIONS.contains(key)) {
      throw new IllegalArgumentException(
          "option '"
              + key
              + "' of a store; known are "
              + OPTIONS
              + ", and credentials are configured, see docs/backup.md");
    }
    if (value.isBlank()) {
      throw new IllegalArgumentException(
          "option '" + key + "' of a store has no value; give one, or leave it out");
    }
    String before = found.put(key, value);
    if (before != null && !before.equals(value)) {
      throw new IllegalArgumentException(
          "option '" + key + "' of a store is '" + before + "' and '" + value + "'; give one");
    }
  }

  private static String prefix(@Nullable String path) {
    String inside = path == null ? "" : path.replaceFirst("^/", "").replaceFirst("/$", "");
    if (inside.isEmpty()) {
      return "";
    }
    List<String> wrong = new ArrayList<>();
    for (String part : inside.split("/", -1)) {
      if (!part.matches(PART) || part.equals(".") || part.equals("..")) {
        wrong.add(part);
      }
    }
    if (!wrong.isEmpty() || inside.length() > MAX_PREFIX) {
      throw new IllegalArgumentException(
          "prefix '"
              + inside
              + "' of a store; use up to "
              + MAX_PREFIX
              + " characters of A-Z, a-z, 0-9 and !_.*'()- between slashes");
    }
    return inside + "/";
  }

  /**
   * Reads an endpoint.
   *
   * @throws IllegalArgumentException if it is none; not shown if it has a user
   */
  static URI endpoint(String text) {
    URI endpoint;
    try {
      endpoint = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "endpoint of a store is no URI; give http://host:port or https://host:port");
    }
    if (endpoint.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "endpoint of a store with a user or key in it; credentials are configured, see"
              + " docs/backup.md");
    }
    String scheme = String.valueOf(endpoint.getScheme()).toLowerCase(Locale.ROOT);
    boolean plain =
        (scheme.equals("http") || scheme.equals("https"))
            && endpoint.getHost() != null
            && endpoint.getRawQuery() == null
            && endpoint.getRawFragment() == null
            && List.of("", "/").contains(String.valueOf(endpoint.getRawPath()));
    if (!plain) {
      throw new IllegalArgumentException(
          "endpoint '" + text + "' of a store; give http://host:port or https://host:port");
    }
    String host = String.valueOf(endpoint.getHost()).toLowerCase(Locale.ROOT);
    int port = endpoint.getPort();
    return URI.create(scheme + "://" + host + (port < 0 ? "" : ":" + port));
  }

  /**
   * Reads a region.
   *
   * @throws IllegalArgumentException if it has other characters than regions have
   */
  static String region(String text) {
    if (!text.matches("[A-Za-z0-9-]{1,64}")) {
      throw new IllegalArgumentException(
          "region '" + text + "' of a store; use up to 64 letters, digits and '-'");
    }
    return text;
  }

  /** The address, the same for all that mean it. */
  String text() {
    List<String> options = new ArrayList<>();
    if (endpoint != null) {
      options.add(ENDPOINT + "=" + endpoint);
    }
    if (region != null) {
      options.add(REGION + "=" + region);
    }
    if (profile != null) {
      options.add(PROFILE + "=" + profile);
    }
    String inside = prefix.isEmpty() ? "" : "/" + prefix.substring(0, prefix.length() - 1);
    String query = options.isEmpty() ? "" : "?" + String.join("&", options);
    return SCHEME + "://" + bucket + inside + query;
  }
}
