/* SPDX-License-Identifier: Apache-2.0 */
/** Regions that move between backends while they are used. */
module org.dmalloc.manager {
  requires org.dmalloc.api;
  requires org.dmalloc.spi;

  provides org.dmalloc.api.standalone.RegionManagerFactory with
      org.dmalloc.manager.ManagerFactory;
}
