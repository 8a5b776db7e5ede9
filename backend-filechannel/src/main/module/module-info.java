/* SPDX-License-Identifier: Apache-2.0 */
/** Regions in files, mapped by FileChannel, on any operating system. */
module org.dmalloc.backend.filechannel {
  requires org.dmalloc.api;
  requires org.dmalloc.spi;

  provides org.dmalloc.api.standalone.StandaloneBackend with
      org.dmalloc.backend.filechannel.FileChannelBackend;
}
