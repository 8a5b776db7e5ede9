/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.ObjectContent;

/** Takes the objects of a piece: a store, or a place on the way to it. */
@FunctionalInterface
public interface ObjectSink {
  void put(String key, ObjectContent content) throws MemoryException;
}
