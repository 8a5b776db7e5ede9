/* SPDX-License-Identifier: Apache-2.0 */
/** The commands that use memory: they allocate, move and store regions, and look into them. */
@NullMarked
package org.dmalloc.shell.memory;

import org.jspecify.annotations.NullMarked;
