/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The API for authors of commands of scope {@code dmalloc}. A bundle adds commands by the service
 * {@link org.dmalloc.shell.command.CommandSource}.
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
