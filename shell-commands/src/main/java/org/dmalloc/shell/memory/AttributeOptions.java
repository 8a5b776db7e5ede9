/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.Sharing;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
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
    @Argument("--max SIZE: how far it can grow in place; reserves that many addresses")
        @Nullable ByteSize max,
    @Argument(
            "--autogrow: commands that store past its end make it larger, up to --max; so does"
                + " ensure()")
        boolean autogrow,
    @Argument(
            "--durable WHEN=now: when its name is on the device: now, or force for the next flush")
        Durable durable,
    @Argument("--process-shared: lets other processes open it for writing too, by this option")
        boolean processShared,
    @Argument(
            "--wipe: overwrites the file of an unnamed region with zeros, on the device, when it is"
                + " freed")
        boolean wipe,
    @Argument("--checked: a segment throws once its section is closed, for tests; slow")
        boolean checked,
    @Argument("-d, --directory DIR: the store directory, in place of the backend's own")
        @Nullable String directory,
    @Argument(
            "--require CAPABILITY: what each backend that it moves to must be able to do,"
                + " separated by commas")
        @Nullable String require,
    @Argument("-o, --owner OWNER: what it is for, shown in listings") @Nullable String owner) {
  /**
   * Refuses options that hold as long as the region is open, in a session that ends with this
   * command: they would be lost without a word.
   */
  static void refuseLost(Console console, String options, boolean given) {
    if (given && RegionOpened.endsWithCommand(console.session())) {
      throw UsageException.of(
          "%s hold while the region is open, and this command ends that; give them to 'alloc' or"
              + " 'open' in a shell, which './dmalloc' alone is",
          options);
    }
  }

  /** When a name is durable, in the words of the command line. */
  public enum Durable {
    /** When the command ends. */
    NOW,
    /** With the next {@code flush} of the region, or of all names. */
    FORCE;

    NameDurability durability() {
      return this == NOW ? NameDurability.NOW : NameDurability.ON_FORCE;
    }

    static Durable of(NameDurability durability) {
      return durability == NameDurability.NOW ? NOW : FORCE;
    }
  }

  <T extends RegionAttributes.Refinable<T>> T in(
      T request, Console console, ProgressListener progress) {
    if (autogrow && max == null) {
      throw new UsageException("--autogrow grows the region up to --max; give --max SIZE too");
    }
    if (max != null && max.bytes() == 0) {
      throw new UsageException("--max 0: no size to grow to; give at least the region's size");
    }
    if (processShared && sharing == Sharing.PRIVATE) {
      throw new UsageException(
          "--process-shared and --sharing private: private stores reach no other process; leave one"
              + " of them out");
    }
    refuseLost(console, "--max, --autogrow and --checked", max != null || autogrow || checked);
    long maximum = max == null ? RegionAttributes.NO_MAXIMUM : max.bytes();
    return request
        .withMaximum(maximum)
        .withAutogrowth(autogrow ? Autogrowth.upTo(maximum) : Autogrowth.NONE)
        .withNameDurability(durable.durability())
        .withProcessShared(processShared)
        .withCheckedSections(checked)
        .withWipe(wipe)
        .withSharing(sharing)
        .withPattern(pattern)
        .withPageSize(huge ? PageSize.HUGE : PageSize.DEFAULT)
        .withPrefault(prefault)
        .withLocked(lock)
        .withDurability(durability)
        .withDirectory(console.resolveGiven(directory))
        .withOwner(owner)
        .withProgress(progress)
        .requiring(Words.parseAll(Capability.class, require, "--require"));
  }
}
