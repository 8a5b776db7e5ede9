/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.model;

import java.util.Locale;

/**
 * A change of what must be there.
 *
 * @param key the region; of COMMIT and DISCARD the group
 * @param text a name; empty where there is none
 */
public record Entry(Verb verb, long key, long a, long b, long c, String text) {
  /** What changes, and what the numbers mean. */
  public enum Verb {
    /** A region of zeros is there: unit size, byte size, group, {@code KIND name}. */
    REGION,
    /** It has another size: byte size. */
    SIZE,
    /** Units were stored: first unit, count, version. */
    WRITE,
    /** It has another name. */
    NAME,
    /** It is not there any more. */
    GONE,
    /** A snapshot of it is there: the snapshot's key; its name. */
    COPY,
    /** Everything in the group's regions is in a checkpoint: its number, 0 if it is not known. */
    COMMIT,
    /** The group's regions are as their last checkpoint. */
    DISCARD,
    /** A block is there: its content's number, offset, byte size. */
    BLOCK,
    /** A block is not there any more: its content's number. */
    UNBLOCK,
    /** So much was added to the counter that all processes share. */
    ADD
  }

  public static Entry of(Verb verb, long key, long... numbers) {
    return named(verb, key, "", numbers);
  }

  public static Entry named(Verb verb, long key, String text, long... numbers) {
    return new Entry(verb, key, at(numbers, 0), at(numbers, 1), at(numbers, 2), text);
  }

  /** A new region, as its model says. */
  public static Entry region(RegionModel model) {
    return named(
        Verb.REGION,
        model.key(),
        model.kind() + " " + model.name(),
        model.unitBytes(),
        model.byteSize(),
        model.group());
  }

  private static long at(long[] numbers, int index) {
    return index < numbers.length ? numbers[index] : 0;
  }

  String line() {
    return String.format(Locale.ROOT, "%s %d %d %d %d %s", verb, key, a, b, c, text);
  }

  static Entry parse(String line) {
    String[] words = line.split(" ", 6);
    return new Entry(
        Verb.valueOf(words[0]),
        Long.parseLong(words[1]),
        Long.parseLong(words[2]),
        Long.parseLong(words[3]),
        Long.parseLong(words[4]),
        words[5]);
  }
}
