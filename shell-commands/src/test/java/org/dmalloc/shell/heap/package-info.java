/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.dmalloc.shell.heap;

import org.jspecify.annotations.NullMarked;
