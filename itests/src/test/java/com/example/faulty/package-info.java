/* SPDX-License-Identifier: Apache-2.0 */
/** A stranger's bundle with providers that break their contract, each in a way of its own. */
@NullMarked
package com.example.faulty;

import org.jspecify.annotations.NullMarked;
