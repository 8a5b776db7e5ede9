/* SPDX-License-Identifier: Apache-2.0 */
/** Locks and a message ring in memory that several processes share. */
module org.dmalloc.shared {
  requires transitive org.dmalloc.api;
  requires org.dmalloc.linux;

  exports org.dmalloc.shared;

  uses org.dmalloc.shared.SharedMemoryService;

  provides org.dmalloc.shared.SharedMemoryService with
      org.dmalloc.shared.robust.SharedRegions;
}
