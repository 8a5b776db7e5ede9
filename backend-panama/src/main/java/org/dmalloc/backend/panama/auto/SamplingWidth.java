/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

/** How many pages of each sampled block a sample reads. */
enum SamplingWidth {
  /** All of them: a stream is seen as long as it crosses the block. */
  WHOLE_BLOCKS(StreamDetector.BLOCK_PAGES),
  /** The first ones, at a third of the cost: it is seen that a stream has crossed. */
  BLOCK_HEADS(StreamDetector.BLOCK_PAGES / 4),
  /** None: only the places where streams have begun or paused before are read. */
  KNOWN_PLACES(0);

  final int pages;

  SamplingWidth(int pages) {
    this.pages = pages;
  }
}
