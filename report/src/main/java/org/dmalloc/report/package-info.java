/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How listings and reports are printed: tables that fit a terminal, JSON, figures with units.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.report;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
