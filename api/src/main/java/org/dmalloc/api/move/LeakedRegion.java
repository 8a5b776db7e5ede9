/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A region whose owner's bundle stopped before it was closed.
 *
 * @param id its number
 * @param name its name in the store; null for an unnamed region
 * @param byteSize its size in bytes
 * @param bundle the symbolic name of the bundle that took it
 * @param owner the owner that the request named; null if it named none
 * @param createdAt when it was allocated or opened
 * @param stoppedAt when the bundle stopped
 * @param closed whether it was closed then, by policy; else it is still open
 */
public record LeakedRegion(
    long id,
    @Nullable String name,
    long byteSize,
    String bundle,
    @Nullable String owner,
    Instant createdAt,
    Instant stoppedAt,
    boolean closed) {}
