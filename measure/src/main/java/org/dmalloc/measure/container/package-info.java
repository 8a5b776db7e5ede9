/* SPDX-License-Identifier: Apache-2.0 */
/** What child JVMs need of the OSGi container that starts them: the jars of its bundles. */
@NullMarked
package org.dmalloc.measure.container;

import org.jspecify.annotations.NullMarked;
