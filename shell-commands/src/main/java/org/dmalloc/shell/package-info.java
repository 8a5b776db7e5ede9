/* SPDX-License-Identifier: Apache-2.0 */
/** The Gogo commands of scope {@code dmalloc}: their registration as services. */
@NullMarked
package org.dmalloc.shell;

import org.jspecify.annotations.NullMarked;
