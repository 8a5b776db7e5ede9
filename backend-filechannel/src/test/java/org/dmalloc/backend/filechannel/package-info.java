/* SPDX-License-Identifier: Apache-2.0 */
/** Tests of the backend: the provider contract, and what it adds. */
@NullMarked
package org.dmalloc.backend.filechannel;

import org.jspecify.annotations.NullMarked;
