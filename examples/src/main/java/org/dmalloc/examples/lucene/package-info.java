/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A Lucene index in regions: {@link org.dmalloc.examples.lucene.RegionDirectory}.
 *
 * <p>It shows how a client uses regions: names that become durable when the client says so, files
 * that grow in place while they are written, a length apart from the reserved size, deletion while
 * others read, and reads by sections, so that a file may move to another backend under a search.
 */
@NullMarked
package org.dmalloc.examples.lucene;

import org.jspecify.annotations.NullMarked;
