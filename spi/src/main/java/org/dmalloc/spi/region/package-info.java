/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What every region has in common, whatever backs it: access sections ({@link
 * org.dmalloc.spi.region.SectionGate}), the life cycle ({@link
 * org.dmalloc.spi.region.BackedRegion}) and a provider's books ({@link
 * org.dmalloc.spi.region.RegionLedger}). A backend is a {@link
 * org.dmalloc.spi.region.LedgerProvider} and adds a {@link org.dmalloc.spi.region.RegionBacking}.
 *
 * <p>Pure Java. Two versions of this bundle may be in one container: nothing here may rely on a
 * static variable being the only one of its kind.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.spi.region;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
