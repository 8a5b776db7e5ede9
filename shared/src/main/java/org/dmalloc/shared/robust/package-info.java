/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is behind the locks and rings. Nothing is exported: {@link
 * org.dmalloc.shared.robust.SharedRegions} is found as a service.
 *
 * <p><b>Layers.</b> {@link org.dmalloc.shared.robust.PageHeader} is the fixed part of a page,
 * {@link org.dmalloc.shared.robust.SharedPage} looks whether a page is there and makes the atomic
 * operations on it, {@link org.dmalloc.shared.robust.MemberTable} is who uses a lock and waits for
 * it, {@link org.dmalloc.shared.robust.LockCore} takes, releases and recovers it, {@link
 * org.dmalloc.shared.robust.LockWait} waits for it. {@link org.dmalloc.shared.robust.LocalQueue}
 * has the threads of this process, {@link org.dmalloc.shared.robust.FutexSleep} puts one to sleep.
 *
 * <p><b>Why there are never two owners.</b> Who owns a lock is one word, which goes from free to an
 * owner by a compare-and-set, and back by that owner's, or, by a compare-and-set with the word of a
 * dead one, by anybody's. A member that is dead stays so and its number is not given again, so the
 * word of a dead owner changes only by its recovery. A writer that has the word then waits until no
 * member's count of readers is above zero; a reader counts first and looks at the word then, and
 * both are volatile accesses with one order for all, so that one of the two sees the other.
 *
 * <p><b>Why nobody is stuck.</b> Whatever a dead process has left is cleared by those who wait,
 * each time that a wait's slice is over: the owner's word, the turn, tickets and counts. A wake-up
 * that a dead process owed costs one slice. All else that is written beside the owner's word are
 * hints.
 */
@NullMarked
package org.dmalloc.shared.robust;

import org.jspecify.annotations.NullMarked;
