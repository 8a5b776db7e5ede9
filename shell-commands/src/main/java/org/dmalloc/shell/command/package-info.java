/* SPDX-License-Identifier: Apache-2.0 */
/**
 * For authors of commands of scope {@code dmalloc}: what a {@link
 * org.dmalloc.shell.command.Command} is, and what it finds around it. A bundle adds commands by a
 * service, {@link org.dmalloc.shell.command.CommandSource}.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.shell.command;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
