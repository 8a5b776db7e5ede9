/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

/**
 * A member of the group at the checkpoint to which a piece leads.
 *
 * @param number tells it from all others of the group, past ones too
 * @param region its name
 * @param byteSize its size in bytes
 * @param length how many are in use; -1 if nobody has said
 * @param cut the least size that it had at a checkpoint of the piece: what older pieces have behind
 *     it is gone
 */
public record MemberState(int number, String region, long byteSize, long length, long cut) {
  MemberState withCut(long newCut) {
    return new MemberState(number, region, byteSize, length, newCut);
  }
}
