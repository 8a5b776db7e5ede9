/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Regions that move between backends while they are used.
 *
 * <p><b>Ownership.</b> The user owns a {@link org.dmalloc.manager.ManagedRegion} and closes it.
 * That region alone owns the backend's region below it, its {@link org.dmalloc.manager.Placement},
 * and closes it when it has moved away or is closed itself. Both have one number, and listings show
 * the user's region only; the number of a backend that gives its own is told by {@link
 * org.dmalloc.api.move.ManagedRegionInfo#carried()}.
 *
 * <p><b>Locks</b>, in this order: a region's {@code moving} lock, so that one move, resize or close
 * is at work on it at a time; then its gate, shut for the last step only; then whatever the
 * backend's region takes. Nothing is called on listeners with the gate shut.
 *
 * <p><b>Threads.</b> A move runs on the thread that asks for it. Evacuation runs on threads of its
 * own, for which the thread that stops the backend waits within a time-out, and so does whatever
 * must not be interrupted.
 *
 * <p>Nothing is exported: the provider and the mover are found as services.
 */
@NullMarked
package org.dmalloc.manager;

import org.jspecify.annotations.NullMarked;
