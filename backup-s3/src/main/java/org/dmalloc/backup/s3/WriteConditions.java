/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.time.Duration;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/**
 * How the service takes conditions on writes, which keep two writers apart: found out before the
 * first write, by an object of its own below {@code probes/}. A service that ignores them gets
 * nothing. Safe for any thread.
 */
final class WriteConditions {
  private static final Attempts.Task PROBE = new Attempts.Task("probe conditional writes", "", -1);
  private static final String NO_TAG = "00000000000000000000000000000000";

  /** How {@code If-Match} wants a tag. */
  enum Form {
    /** As HTTP has it. */
    QUOTED,
    /** As Ceph compares it. */
    BARE;

    String of(String tag) {
      return this == QUOTED ? '"' + tag + '"' : tag;
    }
  }

  private final S3Client client;
  private final Attempts attempts;
  private final String bucket;
  private final String prefix;
  private @Nullable Form form;

  WriteConditions(S3Client client, Attempts attempts, S3Location location) {
    this.client = client;
    this.attempts = attempts;
    this.bucket = location.bucket();
    this.prefix = location.prefix();
  }

  /** What {@code If-Match} has to say for a tag; null for none. */
  @Nullable String ifMatch(@Nullable String tag) throws MemoryException {
    Form known = known();
    return tag == null ? null : known.of(tag);
  }

  /**
   * Finds it out, if nobody has.
   *
   * @throws MemoryException if the service ignores or refuses conditions
   */
  synchronized Form known() throws MemoryException {
    Form found = form;
    if (found == null) {
      String key = prefix + "probes/" + UUID.randomUUID();
      found = probe(key);
      delete(key);
      form = found;
    }
    return found;
  }

  private Form probe(String key) throws MemoryException {
    // By an attempt whose answer was lost, if it is there.
    boolean written = holds(timeout -> put(key, timeout, null, "*"));
    String tag = request(timeout -> tag(key, timeout));
    if (tag.isEmpty()) {
      throw refused(
          key,
          written
              ? "it said that it has a new object, and has none"
              : "it refuses to write a new object with If-None-Match");
    }
    if (holds(timeout -> put(key, timeout, null, "*"))) {
      throw refused(key, "it ignores If-None-Match, so that writers would overwrite each other");
    }
    for (Form each : Form.values()) {
      if (holds(timeout -> put(key, timeout, each.of(NO_TAG), null))) {
        throw refused(key, "it ignores If-Match, so that two writers could have one backup");
      }
    }
    for (Form each : Form.values()) {
      if (holds(timeout -> put(key, timeout, each.of(tag(key, timeout)), null))) {
        return each;
      }
    }
    throw refused(key, "it refuses If-Match with the tag that it gave");
  }

  @FunctionalInterface
  private interface Request<T> {
    T make(Duration timeout);
  }

  private <T> T request(Request<T> request) throws MemoryException {
    return attempts.run(PROBE, (timeout, mayHaveHappened) -> request.make(timeout));
  }

  /** Whether the condition of a write held. */
  private boolean holds(Request<PutObjectResponse> write) throws MemoryException {
    return request(
        timeout -> {
          try {
            write.make(timeout);
            return true;
          } catch (SdkServiceException e) {
            if (ServiceErrors.isPreconditionFailed(e)) {
              return false;
            }
            throw e;
          }
        });
  }

  private PutObjectResponse put(
      String key, Duration timeout, @Nullable String ifMatch, @Nullable String ifNoneMatch) {
    return client.putObject(
        put ->
            put.bucket(bucket)
                .key(key)
                .ifMatch(ifMatch)
                .ifNoneMatch(ifNoneMatch)
                .overrideConfiguration(override -> override.apiCallAttemptTimeout(timeout)),
        RequestBody.fromString("probe"));
  }

  /** The tag that an object has; empty if it is not there. */
  private String tag(String key, Duration timeout) {
    try {
      return ReceivedContent.tag(
          client
              .headObject(
                  head ->
                      head.bucket(bucket)
                          .key(key)
                          .overrideConfiguration(
                              override -> override.apiCallAttemptTimeout(timeout)))
              .eTag());
    } catch (SdkServiceException e) {
      if (ServiceErrors.isMissing(e)) {
        return "";
      }
      throw e;
    }
  }

  private void delete(String key) throws MemoryException {
    request(timeout -> client.deleteObject(delete -> delete.bucket(bucket).key(key)));
  }

  private MemoryException refused(String key, String reason) throws MemoryException {
    delete(key);
    return MemoryException.of(
        PROBE.operation(),
        attempts.target(PROBE),
        reason,
        "use a store with conditional writes: see docs/backup.md");
  }
}
