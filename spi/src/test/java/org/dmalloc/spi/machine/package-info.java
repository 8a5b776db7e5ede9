/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.dmalloc.spi.machine;

import org.jspecify.annotations.NullMarked;
