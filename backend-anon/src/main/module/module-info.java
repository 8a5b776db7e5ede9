/* SPDX-License-Identifier: Apache-2.0 */
/** Memory without a file: private anonymous, memfd and /dev/zero. */
module org.dmalloc.backend.anon {
  requires org.dmalloc.api;
  requires org.dmalloc.linux;
  requires org.dmalloc.spi;

  provides org.dmalloc.api.standalone.StandaloneBackend with
      org.dmalloc.backend.anon.AnonymousBackend;
}
