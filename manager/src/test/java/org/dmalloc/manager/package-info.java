/* SPDX-License-Identifier: Apache-2.0 */
/** Tests of movable regions, on backends in plain memory whose failures can be ordered. */
@NullMarked
package org.dmalloc.manager;

import org.jspecify.annotations.NullMarked;
