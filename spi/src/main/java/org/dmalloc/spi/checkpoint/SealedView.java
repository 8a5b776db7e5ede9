/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.SealedCheckpoint;

/** A checkpoint of the journal, with the names of its members in place of their numbers. */
final class SealedView implements SealedCheckpoint {
  private final Journal.Sealed checkpoint;
  private final Map<Integer, String> names;

  SealedView(CheckpointEngine engine, Journal.Sealed checkpoint) {
    this.checkpoint = checkpoint;
    this.names = Map.copyOf(engine.journal.members());
  }

  @Override
  public long number() {
    return checkpoint.number();
  }

  @Override
  public Instant at() {
    return checkpoint.at();
  }

  @Override
  public List<Member> members() {
    List<Member> members = new ArrayList<>();
    for (Journal.State state : checkpoint.members()) {
      String name = names.get(state.member());
      if (name != null) {
        members.add(
            new Member(
                state.member(),
                name,
                state.byteSize(),
                state.length(),
                checkpoint.pages(state.member())));
      }
    }
    return members;
  }

  @Override
  public void read(PageVisitor visitor) throws MemoryException {
    checkpoint.read(
        new Journal.Visitor() {
          @Override
          public void pages(int member, long offset, ByteBuffer content) throws MemoryException {
            String name = names.get(member);
            if (name != null) {
              visitor.pages(name, offset, content);
            }
          }
        });
  }
}
