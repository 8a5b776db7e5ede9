/* SPDX-License-Identifier: Apache-2.0 */
/** Tests. */
@NullMarked
package org.dmalloc.shell.output;

import org.jspecify.annotations.NullMarked;
