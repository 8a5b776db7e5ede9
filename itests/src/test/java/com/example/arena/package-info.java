/* SPDX-License-Identifier: Apache-2.0 */
/** A bundle as a stranger would write it: memory of Java arenas, over the api and the spi. */
@NullMarked
package com.example.arena;

import org.jspecify.annotations.NullMarked;
