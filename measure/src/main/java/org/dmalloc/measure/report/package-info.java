/* SPDX-License-Identifier: Apache-2.0 */
/** What was measured, in the forms that it is printed in; pages of HTML that load nothing. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.report;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
