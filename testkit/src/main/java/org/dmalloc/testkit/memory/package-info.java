/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A provider in plain memory for tests of programs and bundles that use one: no file, no kernel
 * call, every capability that a test declares, and calls that fail by name.
 *
 * {@snippet :
 * InMemoryProvider provider = InMemoryProvider.files("files", new InMemoryStore("/disk"));
 * provider.faults().fail("ENOSPC", "allocate");
 * assertThrows(MemoryException.class, () -> provider.allocate(RegionRequest.ofSize(4096)));
 * provider.faults().clear();
 * }
 *
 * <p>It is also the smallest example of a backend over {@code org.dmalloc.spi}: sections, ranges,
 * limits and the life cycle come from there.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.testkit.memory;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
