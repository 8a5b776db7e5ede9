/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.util.UUID;

/**
 * Which journal a checkpointed region belongs to, as the header of its file says.
 *
 * @param member its number there
 */
public record JournalRef(UUID journal, int member) {}
