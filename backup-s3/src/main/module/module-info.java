/* SPDX-License-Identifier: Apache-2.0 */
/** Backups in S3-compatible object stores. */
module org.dmalloc.backup.s3 {
  requires org.dmalloc.api;
  requires org.dmalloc.backup;
  // The client asks for it, but has no descriptor that says so.
  requires org.slf4j;
  requires software.amazon.awssdk.auth;
  requires software.amazon.awssdk.awscore;
  requires software.amazon.awssdk.core;
  requires software.amazon.awssdk.http;
  requires software.amazon.awssdk.http.urlconnection;
  requires software.amazon.awssdk.regions;
  requires software.amazon.awssdk.retries.api;
  requires software.amazon.awssdk.services.s3;
  requires software.amazon.awssdk.utils;

  provides org.dmalloc.backup.BackupStoreOpener with
      org.dmalloc.backup.s3.S3StoreOpener;
}
