/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/**
 * The one place where the client's exceptions become ours. Their own texts are not taken: a
 * service, or what stands before it, may repeat in them what it was sent, and the client's chain
 * names what it tried.
 */
final class ServiceErrors {
  private static final Set<String> PASSING = Set.of("RequestTimeout", "RequestTimeTooSkewed");

  private ServiceErrors() {}

  /** Whether it may be over in a moment. */
  static boolean passes(SdkException e) {
    if (e instanceof SdkServiceException service) {
      int status = service.statusCode();
      return (status >= 500 && status != 501)
          || status == 408
          || status == 409 // two writes at the same time
          || status == 429
          || service.isThrottlingException()
          || service.isClockSkewException()
          || PASSING.contains(code(service));
    }
    // What has no cause the client found out by itself, such as that there are no credentials.
    return e instanceof ApiCallAttemptTimeoutException || e.getCause() != null;
  }

  static boolean isPreconditionFailed(SdkServiceException e) {
    return e.statusCode() == 412;
  }

  /** Whether there is no such object. That there is no such bucket is another matter. */
  static boolean isMissing(SdkServiceException e) {
    return e.statusCode() == 404 && !code(e).equals("NoSuchBucket");
  }

  /** The error's code, such as {@code AccessDenied}; empty if the answer has none. */
  private static String code(SdkServiceException e) {
    AwsErrorDetails details = e instanceof AwsServiceException aws ? aws.awsErrorDetails() : null;
    String code = details == null ? null : details.errorCode();
    return code != null && code.matches("[A-Za-z0-9.]{1,64}") ? code : "";
  }

  static MemoryException failure(String operation, String target, long byteSize, SdkException e) {
    if (e instanceof SdkServiceException service) {
      String code = code(service);
      return MemoryException.of(
          operation,
          byteSize,
          target,
          "HTTP " + service.statusCode() + (code.isEmpty() ? "" : " " + code),
          nextStep(service.statusCode(), code));
    }
    IOException cause = cause(e);
    return MemoryException.of(
        operation,
        byteSize,
        target,
        reason(e, cause),
        MemoryException.NO_ERRNO,
        passes(e)
            ? "see that the endpoint can be reached from here"
            : "see that credentials are configured or in the client's usual chain",
        cause);
  }

  private static String nextStep(int status, String code) {
    return switch (code) {
      case "NoSuchBucket" -> "make the bucket, or correct the address";
      case "AccessDenied", "AllAccessDisabled", "AccountProblem" ->
          "allow these credentials to list, get, put and delete objects there";
      case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken" ->
          "correct the credentials that are configured or in the client's usual chain";
      case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint" ->
          "name the bucket's region in the address";
      case "RequestTimeTooSkewed" -> "set this machine's clock";
      default ->
          status == 401 || status == 403
              ? "correct the credentials, or allow them to list, get, put and delete objects there"
              : status >= 500 || status == 429 ? "try again later" : "see the service's own log";
    };
  }

  private static String reason(SdkException e, @Nullable IOException cause) {
    return switch (cause) {
      case UnknownHostException unknown -> "the endpoint's host has no address";
      case ConnectException refused -> String.valueOf(refused.getMessage());
      case SocketTimeoutException silent -> "it does not answer";
      case null -> {
        if (e instanceof ApiCallAttemptTimeoutException) {
          yield "it does not answer in time";
        }
        yield passes(e) ? "its answer cannot be read" : "no credentials, or bad ones";
      }
      default -> "the connection ended: " + cause.getMessage();
    };
  }

  /** The failure of the connection below; null if it is another one. */
  private static @Nullable IOException cause(Throwable e) {
    for (Throwable each = e.getCause(); each != null; each = each.getCause()) {
      if (each instanceof IOException io) {
        return io;
      }
    }
    return null;
  }
}
