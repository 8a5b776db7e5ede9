/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The only module with downcalls, and so the only one that needs {@code --enable-native-access}. Its
 * calls can crash a process, so that only modules of the suite may make them.
 */
module org.dmalloc.linux {
  requires transitive org.dmalloc.api;
  requires transitive org.dmalloc.spi;

  exports org.dmalloc.linux to
      org.dmalloc.backend.anon,
      org.dmalloc.backend.panama,
      org.dmalloc.measure,
      org.dmalloc.shared;
}
