/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.Sharing;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** The attributes of a new region that an opened one can have too. */
public record AttributeOptions(
    @Argument("-p, --pattern PATTERN=auto: the order of accesses; auto detects it")
        AccessPattern pattern,
    @Argument(
            "-s, --sharing SHARING=default: whether others see stores; private keeps them out of"
                + " the file")
        Sharing sharing,
    @Argument("--durability DURABILITY=on-force: what makes stores durable") Durability durability,
    @Argument("--huge: asks for huge pages") boolean huge,
    @Argument("--lock: locks the pages in RAM") boolean lock,
    @Argument("--prefault: brings all pages in before it returns") boolean prefault,
    @Argument("-d, --directory DIR: the store directory, in place of the backend's own")
        @Nullable String directory,
    @Argument(
            "--require CAPABILITY: what each backend that it moves to must be able to do,"
                + " separated by commas")
        @Nullable String require,
    @Argument("-o, --owner OWNER: what it is for, shown in listings") @Nullable String owner) {
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
