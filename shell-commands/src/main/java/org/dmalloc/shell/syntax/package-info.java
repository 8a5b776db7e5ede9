/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The words of a command line: options, operands and their values, and the help that is made of
 * them.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.shell.syntax;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
