/* SPDX-License-Identifier: Apache-2.0 */
/** What locks and messages between JVMs cost, beside Aeron's IPC. */
@NullMarked
package org.dmalloc.benchmarks.shared;

import org.jspecify.annotations.NullMarked;
