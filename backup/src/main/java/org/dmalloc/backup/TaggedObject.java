/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.nio.ByteBuffer;

/**
 * A small object as it was read.
 *
 * @param content all of it, from position to limit; the caller's own
 * @param tag tells this content from any other that the object has had or will have: an ETag, a
 *     generation, a digest
 */
public record TaggedObject(ByteBuffer content, String tag) {}
