/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A bundle as a stranger would write it: memory of Java arenas, against the api and nothing else.
 */
@NullMarked
package com.example.arena;

import org.jspecify.annotations.NullMarked;
