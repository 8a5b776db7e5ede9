/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import org.apache.felix.service.command.CommandSession;
import org.dmalloc.api.Durability;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;

/**
 * A region that was just allocated or opened, which commands accept as an id. The note is a line
 * about unexpected conditions; empty for none.
 */
public record RegionOpened(RegionInfo info, String note) implements Printable {
  /** The variable of a session that runs one command and ends. */
  public static final String ONE_COMMAND = ".dmalloc.one-command";

  /** A region that was opened in a session, which may end with the command. */
  public static RegionOpened in(CommandSession session, RegionInfo info) {
    boolean stays = !endsWithCommand(session) || (info.path() != null && info.name() != null);
    String store = info.name() == null ? "-n NAME stores it, and " : "";
    return new RegionOpened(
        info,
        stays
            ? ""
            : "it ends with this command; " + store + "'./dmalloc' alone is a shell that keeps it");
  }

  /** Whether the session runs one command and ends, and all that is open with it. */
  public static boolean endsWithCommand(CommandSession session) {
    return session.get(ONE_COMMAND) != null;
  }

  @Override
  public String text() {
    String text =
        ("region " + info.id())
            + (info.name() == null ? "" : " '" + info.name() + "'")
            + (": " + ByteSize.exact(info.byteSize()))
            + (" from " + info.backend() + ", " + info.backing())
            + (info.sharing() == Sharing.PRIVATE && info.path() != null ? ", copy-on-write" : "")
            + (info.durability() == Durability.SYNC ? ", durable at once" : "")
            + (info.path() == null ? "" : ", " + info.path());
    return VisibleText.of(text) + (note.isEmpty() ? "" : "\n" + note);
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
