/* SPDX-License-Identifier: Apache-2.0 */
/** What backends share. */
module org.dmalloc.spi {
  requires transitive org.dmalloc.api;
  requires java.management;

  exports org.dmalloc.spi.checkpoint;
  exports org.dmalloc.spi.eviction;
  exports org.dmalloc.spi.limits;
  exports org.dmalloc.spi.machine;
  exports org.dmalloc.spi.region;
  exports org.dmalloc.spi.sharing;
  exports org.dmalloc.spi.store;

  provides org.dmalloc.api.standalone.ResourceLimitsFactory with
      org.dmalloc.spi.limits.MonitorFactory;
}
