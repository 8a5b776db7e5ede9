/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.Sharing;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** The attributes that a new region and one that is opened can be given alike. */
public record AttributeOptions(
    @Descriptor("PATTERN: the order in which it will be used; auto finds out")
        @Parameter(
            names = {"-p", "--pattern"},
            absentValue = "auto")
        AccessPattern pattern,
    @Descriptor("SHARING: who sees stores; private keeps them out of the file")
        @Parameter(
            names = {"-s", "--sharing"},
            absentValue = "default")
        Sharing sharing,
    @Descriptor("DURABILITY: what makes stores durable")
        @Parameter(names = "--durability", absentValue = "on-force")
        Durability durability,
    @Descriptor("asks for huge pages")
        @Parameter(names = "--huge", presentValue = "true", absentValue = "false")
        boolean huge,
    @Descriptor("locks the pages in RAM")
        @Parameter(names = "--lock", presentValue = "true", absentValue = "false")
        boolean lock,
    @Descriptor("brings all pages in before it returns")
        @Parameter(names = "--prefault", presentValue = "true", absentValue = "false")
        boolean prefault,
    @Descriptor("DIR: the store directory, in place of the backend's own")
        @Parameter(
            names = {"-d", "--directory"},
            absentValue = "")
        @Nullable String directory,
    @Descriptor("CAPABILITY: what it must be able to do wherever it is moved; several with commas")
        @Parameter(names = "--require", absentValue = "")
        @Nullable String require,
    @Descriptor("OWNER: who it is for, shown in listings")
        @Parameter(
            names = {"-o", "--owner"},
            absentValue = "")
        @Nullable String owner) {
  /** The request with these attributes. */
  <T extends RegionAttributes.Refinable<T>> T in(
      T request, Console console, ProgressListener progress) {
    return request
        .withSharing(sharing)
        .withPattern(pattern)
        .withPageSize(huge ? PageSize.HUGE : PageSize.DEFAULT)
        .withPrefault(prefault)
        .withLocked(lock)
        .withDurability(durability)
        .withDirectory(directory == null ? null : console.resolve(directory))
        .withOwner(owner)
        .withProgress(progress)
        .requiring(Words.parseAll(Capability.class, require, "--require"));
  }
}
