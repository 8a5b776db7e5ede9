/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/** Which part of a region a command is about. */
public record RangeArguments(
    @Descriptor("OFFSET: where the range begins; without it 0")
        @Parameter(names = "--offset", absentValue = "")
        @Nullable ByteSize offset,
    @Descriptor("LENGTH: how long the range is; without it to the end")
        @Parameter(names = "--length", absentValue = "")
        @Nullable ByteSize length) {
  /** Whether it is all of the region, whose size may change meanwhile. */
  boolean isWhole() {
    return offset == null && length == null;
  }

  /** The range in the region that is meant. */
  ByteRange in(RegionLookup.Lease lease) {
    long start = offset == null ? 0 : offset.bytes();
    return ByteRange.of(
        lease,
        start,
        length == null ? Math.max(0, lease.region().byteSize() - start) : length.bytes());
  }
}
