/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A worker of the chaos run: a JVM whose hands, one thread each, do acts at random on regions of
 * their own and compare them with their models. It may be killed at any moment; the next one begins
 * by checking what its book says must be there.
 */
@NullMarked
package org.dmalloc.measure.chaos.worker;

import org.jspecify.annotations.NullMarked;
