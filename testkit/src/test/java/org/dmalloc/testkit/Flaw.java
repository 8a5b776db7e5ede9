/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

/** One way in which {@link ReferenceProvider} can break the contract, for proving that it shows. */
enum Flaw {
  /** Gives memory that is not zero. */
  DIRTY_MEMORY("Content"),
  /** Maps page-sized parts of a region twice. */
  LAST_PAGE_LOST("Content"),
  /** Begins in the middle of a page. */
  UNALIGNED("Content"),
  /** Begins huge regions at any page. */
  HUGE_UNALIGNED("Content"),
  /** Gives one byte more than was asked for. */
  ONE_BYTE_MORE("Content"),
  /** Closes without waiting for sections. */
  CLOSE_DOES_NOT_WAIT("Section"),
  /** Takes a close inside an own section for an ordinary one. */
  CLOSE_IN_OWN_SECTION("Section"),
  /** Lets any thread close a section. */
  SECTION_CLOSED_ANYWHERE("Section"),
  /** Lets a section be closed twice. */
  SECTION_CLOSED_TWICE("Section"),
  /** Forgets to say that a region is pinned. */
  PIN_FORGOTTEN("Section"),
  /** Keeps segments usable after close. */
  USABLE_AFTER_CLOSE("Lifecycle"),
  /** Books a region off twice when it is closed twice. */
  CLOSE_COUNTS_TWICE("Lifecycle"),
  /** Serves allocations after it was stopped. */
  SERVES_AFTER_STOP("Lifecycle"),
  /** Closes all regions when it is stopped. */
  STOP_CLOSES_REGIONS("Lifecycle"),
  /** Does not list open regions in order. */
  LISTING_UNSORTED("Lifecycle"),
  /** Leaves the files of unnamed regions. */
  UNNAMED_FILE_LEFT("Lifecycle"),
  /** Never unmaps. */
  MAPPING_LEAK("Lifecycle"),
  /** Forgets the limit. */
  LIMIT_IGNORED("Refusal"),
  /** Checks the limit, then books: two threads may both get through. */
  LIMIT_RACES("Refusal"),
  /** Keeps a refused request booked. */
  REFUSAL_STAYS_BOOKED("Refusal"),
  /** Does not count refusals. */
  FAILURES_UNCOUNTED("Refusal"),
  /** Does as well as it can without the capability. */
  UNDECLARED_ACCEPTED("Refusal"),
  /** Takes any range. */
  RANGES_UNCHECKED("Refusal"),
  /** Goes on after the listener threw. */
  LISTENER_IGNORED("Refusal"),
  /** Leaves the file of a cancelled allocation. */
  CANCELLED_FILE_LEFT("Refusal"),
  /** Clears the interrupt status. */
  INTERRUPT_LOST("Interrupt"),
  /** Allocates on interrupted threads. */
  INTERRUPT_IGNORED("Interrupt"),
  /** Gives up a close when the thread is interrupted. */
  INTERRUPT_CUTS_CLOSE("Interrupt"),
  /** Writes nothing of a region back when it is closed. */
  STORED_BYTES_LOST("Store"),
  /** Uses the first 20 characters of a name. */
  NAMES_CUT("Store"),
  /** Uses the name as the file's name. */
  NAMES_ESCAPE("Store"),
  /** Allocates over a stored region of the same name. */
  NAME_TAKEN_OVER("Store"),
  /** Deletes open regions. */
  OPEN_REGION_DELETED("Store"),
  /** Opens files that were cut short. */
  CUT_FILE_OPENS("Store"),
  /** Lists stored regions as they come. */
  STORED_UNSORTED("Store"),
  /** Maps private copies shared. */
  PRIVATE_LEAK("Sharing"),
  /** Opens read-only regions for writing. */
  WRITABLE_READ_ONLY("Sharing"),
  /** Lets two writers of this JVM in. */
  TWO_WRITERS("Sharing"),
  /** Forces private copies without a word. */
  PRIVATE_FORCED("Sharing"),
  /** Lets writers of two JVMs in. */
  NO_LOCK_BETWEEN_JVMS("SecondJvm"),
  /** Loses a page when it gets advice. */
  ADVICE_LOSES_CONTENT("Paging"),
  /** Keeps policies that exclude each other. */
  POLICIES_PILE_UP("Paging"),
  /** Leaves old bytes behind the new end. */
  RESIZE_KEEPS_OLD_BYTES("Paging"),
  /** Resizes pinned regions. */
  RESIZE_PINNED("Paging"),
  /** Does not hold growth against the limit. */
  RESIZE_BEYOND_LIMIT("Paging"),
  /** Tells residency in bytes, not pages. */
  RESIDENCY_IN_BYTES("Paging");

  /** The theme of the contract that must notice it. */
  private final String theme;

  Flaw(String theme) {
    this.theme = theme;
  }

  String theme() {
    return theme;
  }
}
