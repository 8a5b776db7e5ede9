/* SPDX-License-Identifier: Apache-2.0 */
/** The limits that a program lives under, and who is told when their use comes near them. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.spi.limits;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
