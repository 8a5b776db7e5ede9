/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What every region has in common, whatever backs it: access sections ({@link
 * org.dmalloc.region.SectionGate}), the life cycle ({@link org.dmalloc.region.GatedRegion}) and a
 * provider's books ({@link org.dmalloc.region.RegionLedger}).
 *
 * <p>Pure Java. Embedded privately by the bundles that need it, never exported: two bundles may
 * hold different versions of it.
 */
@NullMarked
package org.dmalloc.region;

import org.jspecify.annotations.NullMarked;
