/* SPDX-License-Identifier: Apache-2.0 */
/** Checks of the machine: what its settings mean for this suite, and how to change them. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.doctor;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
