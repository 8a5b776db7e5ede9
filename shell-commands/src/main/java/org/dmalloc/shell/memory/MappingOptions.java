/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** How this process maps a region that another one has made. */
public record MappingOptions(
    @Argument("-p, --pattern PATTERN=auto: the order of accesses") AccessPattern pattern,
    @Argument("--policy POLICY: swap policies, separated by commas; see 'policy --help'")
        @Nullable String policy,
    @Argument("--huge: asks for huge pages") boolean huge,
    @Argument("--lock: locks the pages in RAM") boolean lock,
    @Argument("--prefault: brings all pages in before it returns") boolean prefault,
    @Argument("--max SIZE: how far it can grow in place here; reserves that many addresses")
        @Nullable ByteSize max,
    @Argument("--autogrow: commands that store past its end make it larger, up to --max")
        boolean autogrow,
    @Argument("--checked: a segment throws once its section is closed, for tests; slow")
        boolean checked,
    @Argument(
            "--require CAPABILITY: what each backend that it moves to must be able to do,"
                + " separated by commas")
        @Nullable String require,
    @Argument("-o, --owner OWNER: what it is for, shown in listings") @Nullable String owner) {

  /** The options of the API. */
  RegionOptions options(ProgressListener progress) {
    if (autogrow && max == null) {
      throw new UsageException("--autogrow grows the region up to --max; give --max SIZE too");
    }
    long maximum = max == null ? RegionAttributes.NO_MAXIMUM : max.bytes();
    return RegionOptions.DEFAULT
        .withProcessShared(true)
        .withMaximum(maximum)
        .withAutogrowth(autogrow ? Autogrowth.upTo(maximum) : Autogrowth.NONE)
        .withPattern(pattern)
        .withPolicies(Words.parseAll(SwapPolicy.class, policy, "--policy"))
        .withPageSize(huge ? PageSize.HUGE : PageSize.DEFAULT)
        .withPrefault(prefault)
        .withLocked(lock)
        .withCheckedSections(checked)
        .requiring(Words.parseAll(Capability.class, require, "--require"))
        .withOwner(owner)
        .withProgress(progress);
  }
}
