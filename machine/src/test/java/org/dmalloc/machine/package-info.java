/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.dmalloc.machine;

import org.jspecify.annotations.NullMarked;
