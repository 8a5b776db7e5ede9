/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import org.dmalloc.shell.syntax.Argument;
import org.jspecify.annotations.Nullable;

/** The backup that a command applies to. */
public record BackupArguments(
    @Argument(
            "BACKUP: id or name of a region, or the name of a group; or a store with one backup, as"
                + " a path with a slash or an address")
        Object backup,
    @Argument("--from STORE: the store that has it; default the one that it was kept in last")
        @Nullable String from) {}
