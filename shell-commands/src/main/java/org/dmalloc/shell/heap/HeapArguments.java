/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import org.dmalloc.shell.syntax.Argument;
import org.jspecify.annotations.Nullable;

/** The heap that a command applies to. */
public record HeapArguments(
    @Argument("HEAP: id or name of its region; one that is not open is opened for this")
        Object heap,
    @Argument("-b, --backend BACKEND: the backend of the region, if several have one of the name")
        @Nullable String backend) {}
