/* SPDX-License-Identifier: Apache-2.0 */
/** JMH benchmarks of the costs that are too small for {@code dmalloc bench}. */
@NullMarked
package org.dmalloc.benchmarks;

import org.jspecify.annotations.NullMarked;
