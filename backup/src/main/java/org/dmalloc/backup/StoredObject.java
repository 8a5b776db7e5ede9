/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

/**
 * An object in a list.
 *
 * @param key as it was written
 * @param byteSize its length in bytes
 */
public record StoredObject(String key, long byteSize) {}
