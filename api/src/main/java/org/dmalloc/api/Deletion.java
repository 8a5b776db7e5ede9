/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How to delete a stored region.
 *
 * @param whileOpen whether it goes also while it is open, here or elsewhere: its name at once, and
 *     its bytes when the last that has it open closes it, as POSIX unlink does
 * @param durability when it is certain that it is gone
 * @param directory the store directory that it was allocated in by its request; null for the
 *     provider's configured one
 * @param wipe whether its file is overwritten with zeros, on the device, before it goes
 */
public record Deletion(
    boolean whileOpen, NameDurability durability, @Nullable Path directory, boolean wipe) {
  /** A region that nobody has open, from the provider's directory, for good at once. */
  public static final Deletion DEFAULT = new Deletion(false, NameDurability.NOW, null, false);

  /**
   * Checks that both go together.
   *
   * @throws IllegalArgumentException if it is to be overwritten while it is open
   */
  public Deletion {
    if (whileOpen && wipe) {
      throw new IllegalArgumentException(
          "a region that is open cannot be overwritten under its user; give whileOpen or wipe");
    }
  }

  /** A deletion that overwrites nothing. */
  public Deletion(boolean whileOpen, NameDurability durability, @Nullable Path directory) {
    this(whileOpen, durability, directory, false);
  }

  public Deletion withWhileOpen(boolean newWhileOpen) {
    return new Deletion(newWhileOpen, durability, directory, wipe);
  }

  public Deletion withDurability(NameDurability newDurability) {
    return new Deletion(whileOpen, newDurability, directory, wipe);
  }

  public Deletion withDirectory(@Nullable Path newDirectory) {
    return new Deletion(whileOpen, durability, newDirectory, wipe);
  }

  public Deletion withWipe(boolean newWipe) {
    return new Deletion(whileOpen, durability, directory, newWipe);
  }
}
