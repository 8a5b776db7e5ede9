/* SPDX-License-Identifier: Apache-2.0 */
/** Regions in files, mapped by mmap(2). */
module org.dmalloc.backend.panama {
  requires java.management;
  requires jdk.jfr;
  requires org.dmalloc.api;
  requires org.dmalloc.linux;
  requires org.dmalloc.spi;

  provides org.dmalloc.api.standalone.StandaloneBackend with
      org.dmalloc.backend.panama.PanamaBackend;
}
