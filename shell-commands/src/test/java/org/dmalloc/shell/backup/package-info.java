/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.dmalloc.shell.backup;

import org.jspecify.annotations.NullMarked;
