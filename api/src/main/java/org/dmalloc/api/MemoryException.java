/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What the environment refused: space, permission, a limit, a damaged file. The message follows one
 * grammar: <i>operation, size, target: reason (errno); next step</i>.
 */
public class MemoryException extends IOException {
  private static final long serialVersionUID = 1L;

  /** No error number: this suite or Java refused, not a system call. */
  public static final int NO_ERRNO = 0;

  private final String operation;
  private final int errno;
  private final long byteSize;
  private final String target;

  /**
   * For exceptions that say more; see {@link #of(String, long, String, String, int, String,
   * Throwable)}.
   */
  protected MemoryException(
      String operation,
      long byteSize,
      String target,
      String reason,
      int errno,
      String nextStep,
      @Nullable Throwable cause) {
    super(message(operation, byteSize, target, reason, errno, nextStep), cause);
    this.operation = operation;
    this.errno = errno;
    this.byteSize = byteSize;
    this.target = target;
  }

  /**
   * Makes an exception in the grammar above.
   *
   * @param operation what was tried: {@code allocate}, {@code fallocate}, {@code open} …
   * @param byteSize the bytes concerned; −1 if none
   * @param target the file, directory or region concerned; empty if none
   * @param reason what went wrong, such as {@code "ENOSPC"}
   * @param errno the system's error number, or {@link #NO_ERRNO}
   * @param nextStep what the reader can do about it; empty if nothing
   * @param cause what was thrown below, or null
   */
  public static MemoryException of(
      String operation,
      long byteSize,
      String target,
      String reason,
      int errno,
      String nextStep,
      @Nullable Throwable cause) {
    return new MemoryException(operation, byteSize, target, reason, errno, nextStep, cause);
  }

  private static String message(
      String operation, long byteSize, String target, String reason, int errno, String nextStep) {
    StringBuilder message = new StringBuilder(operation);
    if (byteSize >= 0) {
      message.append(' ').append(byteSize).append(" bytes");
    }
    if (!target.isEmpty()) {
      message.append(byteSize >= 0 ? " of " : " ").append(target);
    }
    message.append(": ").append(reason);
    if (errno != NO_ERRNO) {
      message.append(" (").append(errno).append(')');
    }
    if (!nextStep.isEmpty()) {
      message.append("; ").append(nextStep);
    }
    return message.toString();
  }

  /** Makes an exception in the same grammar for what no system call refused. */
  public static MemoryException of(
      String operation, long byteSize, String target, String reason, String nextStep) {
    return of(operation, byteSize, target, reason, NO_ERRNO, nextStep, null);
  }

  /** Makes an exception in the same grammar for what concerns no bytes and no system call. */
  public static MemoryException of(
      String operation, String target, String reason, String nextStep) {
    return of(operation, -1, target, reason, nextStep);
  }

  /**
   * Says that an operation ended because its thread was interrupted, as Ctrl-C in the shell does.
   * The thread's interrupt status stays as it is.
   *
   * @param doneBytes how far it had come; −1 if that says nothing
   * @param outcome what is there now: {@code "nothing was created"}
   */
  public static MemoryException interrupted(
      String operation, long byteSize, String target, long doneBytes, String outcome) {
    String after = doneBytes < 0 ? "" : " after " + doneBytes + " bytes";
    return of(
        operation, byteSize, target, "cancelled by an interrupt" + after, NO_ERRNO, outcome, null);
  }

  public String operation() {
    return operation;
  }

  public int errno() {
    return errno;
  }

  public long byteSize() {
    return byteSize;
  }

  public String target() {
    return target;
  }
}
