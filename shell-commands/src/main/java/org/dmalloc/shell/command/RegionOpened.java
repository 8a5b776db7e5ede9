/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import org.dmalloc.api.Durability;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;

/**
 * A region that was just allocated or opened. Stands for the region wherever a command takes an id.
 *
 * @param info what it is
 */
public record RegionOpened(RegionInfo info) implements Printable {
  @Override
  public String text() {
    StringBuilder line = new StringBuilder("region ").append(info.id());
    if (info.name() != null) {
      line.append(" '").append(info.name()).append('\'');
    }
    line.append(": ").append(ByteSize.format(info.byteSize()));
    line.append(" from ").append(info.backend()).append(", ").append(info.backing());
    if (info.sharing() == Sharing.PRIVATE && info.path() != null) {
      line.append(", copy-on-write");
    }
    if (info.durability() == Durability.SYNC) {
      line.append(", durable at once");
    }
    if (info.path() != null) {
      line.append(", ").append(info.path());
    }
    return VisibleText.of(line.toString());
  }

  @Override
  public String line() {
    return text();
  }

  @Override
  public String toString() {
    return Long.toString(info.id());
  }
}
