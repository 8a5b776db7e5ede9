/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.ObjectContent;
import org.dmalloc.backup.StoreConflictException;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.TaggedObject;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket, or what has a prefix in it. All writes are conditional; each is asked for again before
 * it counts. Nothing is buffered but heads: objects are read and sent as streams.
 */
final class S3Store implements BackupStore {
  private static final String OCTETS = "application/octet-stream";

  /** So often may the service say that it has what it has not, before it is a failure. */
  private static final int MOST_LIES = 3;

  /** The name in the object's metadata. */
  private static final String DIGEST = "sha256";

  private final S3Location address;
  private final Connection connection;
  private final S3Client client;
  private final Attempts attempts;
  private final WriteConditions conditions;
  private final Consumer<S3Store> whenClosed;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Takes the connection over. */
  S3Store(S3Location address, Connection connection, Consumer<S3Store> whenClosed) {
    this.address = address;
    this.connection = connection;
    this.client = connection.client();
    this.whenClosed = whenClosed;
    this.attempts = new Attempts(address.text(), connection.limits());
    this.conditions = new WriteConditions(client, attempts, address);
  }

  /** Asks for one key, so that a wrong address or bad credentials show at once. */
  void requireReachable() throws MemoryException {
    attempts.run(
        new Attempts.Task("open backup store", "", -1),
        (timeout, mayHaveHappened) ->
            client.listObjectsV2(
                request ->
                    request
                        .bucket(address.bucket())
                        .prefix(address.prefix())
                        .maxKeys(1)
                        .overrideConfiguration(within(timeout))));
  }

  @Override
  public String location() {
    return address.text();
  }

  @Override
  public boolean isLocal() {
    return false;
  }

  @Override
  public void put(String key, ObjectContent content) throws MemoryException {
    String object = object(key);
    conditions.known();
    String digest = HexFormat.of().formatHex(content.sha256());
    Attempts.Task task = new Attempts.Task("put", key, content.byteSize());
    PutObjectRequest.Builder request =
        PutObjectRequest.builder()
            .bucket(address.bucket())
            .key(object)
            .ifNoneMatch("*")
            .metadata(Map.of(DIGEST, digest));
    for (int lies = 0; lies < MOST_LIES; lies++) {
      boolean again = lies > 0;
      boolean sent =
          attempts.run(
              task,
              (timeout, mayHaveHappened) -> {
                request.overrideConfiguration(within(timeout));
                boolean written = send(task, request.build(), content);
                if (!written && !mayHaveHappened && !again) {
                  throw conflict("put", key, "it is there already");
                }
                return written;
              });
      boolean there =
          head(task, object)
              .filter(found -> found.contentLength() == content.byteSize())
              .filter(found -> digest.equals(found.metadata().get(DIGEST)))
              .isPresent();
      if (there) {
        return;
      }
      if (!sent) { // nor is it by an attempt whose answer was lost
        throw conflict("put", key, "it is there already");
      }
    }
    throw NotStoredException.of(task, attempts, "has another one, or none");
  }

  /** Writes a new object; false if there is one. */
  private boolean send(Attempts.Task task, PutObjectRequest request, ObjectContent content)
      throws MemoryException {
    try (SentContent sent = new SentContent(content)) {
      try {
        client.putObject(request, RequestBody.fromContentProvider(sent, task.bytes(), OCTETS));
        return true;
      } catch (RuntimeException e) {
        sent.requireRead(task);
        if (e instanceof SdkServiceException service
            && ServiceErrors.isPreconditionFailed(service)) {
          return false;
        }
        throw e;
      }
    }
  }

  private StoreConflictException conflict(String operation, String key, String reason) {
    return new StoreConflictException(operation, key, location(), reason, null);
  }

  private Optional<HeadObjectResponse> head(Attempts.Task task, String object)
      throws MemoryException {
    return attempts.run(
        task,
        (timeout, mayHaveHappened) -> {
          try {
            return Optional.of(
                ReceivedContent.whole(
                    client.headObject(
                        request ->
                            request
                                .bucket(address.bucket())
                                .key(object)
                                .overrideConfiguration(within(timeout)))));
          } catch (SdkServiceException e) {
            if (ServiceErrors.isMissing(e)) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  @Override
  public String replace(String key, @Nullable String tag, ByteBuffer content)
      throws MemoryException {
    String object = object(key);
    byte[] bytes = new byte[content.remaining()];
    content.get(content.position(), bytes);
    if (bytes.length > MAX_HEAD_BYTES) {
      throw new IllegalArgumentException(
          bytes.length + " bytes for " + key + "; the most is " + MAX_HEAD_BYTES);
    }
    Attempts.Task task = new Attempts.Task("replace", key, bytes.length);
    String ifMatch = conditions.ifMatch(tag);
    PutObjectRequest.Builder request =
        PutObjectRequest.builder()
            .bucket(address.bucket())
            .key(object)
            .ifMatch(ifMatch)
            .ifNoneMatch(ifMatch == null ? "*" : null);
    for (int lies = 0; lies < MOST_LIES; lies++) {
      String written =
          attempts.run(
              task,
              (timeout, mayHaveHappened) -> {
                request.overrideConfiguration(within(timeout));
                return replace(key, tag, request.build(), bytes);
              });
      String there = head(task, object).map(found -> ReceivedContent.tag(found.eTag())).orElse("");
      // Another one than before is of another writer, who has read this one: it was stored.
      if (there.equals(written) || !(there.isEmpty() || there.equals(tag))) {
        return written;
      }
    }
    throw NotStoredException.of(task, attempts, "has the one before, or none");
  }

  private String replace(String key, @Nullable String tag, PutObjectRequest request, byte[] bytes)
      throws MemoryException {
    try {
      return ReceivedContent.tag(client.putObject(request, RequestBody.fromBytes(bytes)).eTag());
    } catch (SdkServiceException e) {
      boolean missing = ServiceErrors.isMissing(e);
      if (!missing && !ServiceErrors.isPreconditionFailed(e)) {
        throw e;
      }
      throw conflict(
          "replace",
          key,
          tag == null
              ? "it is there already"
              : missing ? "it is gone" : "it is not the one that was read");
    }
  }

  @Override
  public Optional<TaggedObject> get(String key) throws MemoryException {
    GetObjectRequest.Builder request = request(key);
    Attempts.Task task = new Attempts.Task("get", key, -1);
    return attempts.run(
        task,
        (timeout, mayHaveHappened) -> {
          TaggedContent found;
          try {
            found =
                client.getObject(
                    request.overrideConfiguration(within(timeout)).build(),
                    (answer, body) ->
                        new TaggedContent(
                            ReceivedContent.whole(answer, body, MAX_HEAD_BYTES),
                            ReceivedContent.tag(answer.eTag())));
          } catch (SdkServiceException e) {
            if (ServiceErrors.isMissing(e)) {
              return Optional.empty();
            }
            throw e;
          }
          if (found.content() == null) {
            throw MemoryException.of(
                "get",
                attempts.target(task),
                "it has more than " + MAX_HEAD_BYTES + " bytes",
                "it is no head of a backup");
          }
          return Optional.of(new TaggedObject(found.content(), found.tag()));
        });
  }

  /** As it was received; no content if it is too large. */
  private record TaggedContent(@Nullable ByteBuffer content, String tag) {}

  private GetObjectRequest.Builder request(String key) {
    return GetObjectRequest.builder().bucket(address.bucket()).key(object(key));
  }

  @Override
  public void read(String key, long offset, ByteBuffer into) throws MemoryException {
    int count = into.remaining();
    GetObjectRequest.Builder request =
        request(key).range("bytes=" + offset + "-" + (offset + count - 1));
    if (count == 0) {
      return;
    }
    Attempts.Task task = new Attempts.Task("read", key, count);
    boolean whole =
        attempts.run(
            task,
            (timeout, mayHaveHappened) -> {
              try {
                return client.getObject(
                    request.overrideConfiguration(within(timeout)).build(),
                    (answer, body) -> ReceivedContent.part(answer, body, offset, into.slice()));
              } catch (SdkServiceException e) {
                if (e.statusCode() == 416) { // it begins behind the end
                  return false;
                }
                throw e;
              }
            });
    if (!whole) {
      throw MemoryException.of(
          "read",
          count,
          attempts.target(task),
          "it ends before byte " + (offset + count),
          "verify the backup");
    }
    into.position(into.limit());
  }

  @Override
  public List<StoredObject> list(String prefix) throws MemoryException {
    Attempts.Task task = new Attempts.Task("list", prefix, -1);
    List<StoredObject> found = new ArrayList<>();
    String next = null;
    do {
      String token = next;
      ListObjectsV2Response page =
          attempts.run(
              task,
              (timeout, mayHaveHappened) ->
                  ReceivedContent.whole(
                      client.listObjectsV2(
                          request ->
                              request
                                  .bucket(address.bucket())
                                  .prefix(address.prefix() + prefix)
                                  .continuationToken(token)
                                  .maxKeys(connection.limits().listed())
                                  .overrideConfiguration(within(timeout)))));
      for (S3Object each : page.contents()) {
        String key = each.key().substring(address.prefix().length());
        if (!key.isEmpty() && !key.endsWith("/")) { // a folder, for those who show the bucket so
          found.add(new StoredObject(key, each.size()));
        }
      }
      next = page.isTruncated() ? page.nextContinuationToken() : null;
    } while (next != null);
    found.sort(Comparator.comparing(StoredObject::key));
    return found;
  }

  @Override
  public void delete(String key) throws MemoryException {
    String object = object(key);
    attempts.run(
        new Attempts.Task("delete", key, -1),
        (timeout, mayHaveHappened) ->
            client.deleteObject(
                request ->
                    request
                        .bucket(address.bucket())
                        .key(object)
                        .overrideConfiguration(within(timeout))));
  }

  private String object(String key) {
    return address.prefix() + BackupStore.checkKey(key);
  }

  private static AwsRequestOverrideConfiguration within(Duration timeout) {
    return AwsRequestOverrideConfiguration.builder().apiCallAttemptTimeout(timeout).build();
  }

  /** Calls that go on end with a failure. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      attempts.close();
      connection.close();
      whenClosed.accept(this);
    }
  }

  @Override
  public String toString() {
    return location();
  }
}
