/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.nio.file.Path;
import java.util.UUID;

/**
 * The move of a stored region from a file of one store to a file of another.
 *
 * @param id tells it from all other moves
 * @param from the file that holds the region until {@link StoredBacking#publish}
 * @param to the file that holds it from then on
 */
public record StoreMove(UUID id, Path from, Path to) {}
