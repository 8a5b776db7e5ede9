/* SPDX-License-Identifier: Apache-2.0 */
/** What Linux says about this machine and this process, read from an injectable root. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.machine;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
