/* SPDX-License-Identifier: Apache-2.0 */
/** This suite beside its peers: one program that runs all, each in a JVM under one limit. */
@NullMarked
package org.dmalloc.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
