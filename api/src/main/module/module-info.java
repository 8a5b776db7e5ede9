/* SPDX-License-Identifier: Apache-2.0 */
/** Memory regions from interchangeable backends: what their users, movers and backends see. */
module org.dmalloc.api {
  exports org.dmalloc.api;
  exports org.dmalloc.api.backing;
  exports org.dmalloc.api.move;
  exports org.dmalloc.api.standalone;

  uses org.dmalloc.api.standalone.RegionManagerFactory;
  uses org.dmalloc.api.standalone.ResourceLimitsFactory;
  uses org.dmalloc.api.standalone.StandaloneBackend;
}
