/* SPDX-License-Identifier: Apache-2.0 */
/** The suite tested against a provider that keeps the contract, and against its broken variants. */
@NullMarked
package org.dmalloc.testkit;

import org.jspecify.annotations.NullMarked;
