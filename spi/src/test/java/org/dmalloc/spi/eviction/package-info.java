/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.dmalloc.spi.eviction;

import org.jspecify.annotations.NullMarked;
