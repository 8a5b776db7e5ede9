/* SPDX-License-Identifier: Apache-2.0 */
/** Tests of the commands through a real Gogo session, over a provider made for the purpose. */
@NullMarked
package org.dmalloc.shell;

import org.jspecify.annotations.NullMarked;
