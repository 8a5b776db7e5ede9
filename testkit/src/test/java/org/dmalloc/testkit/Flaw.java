/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

/** One way in which {@link ReferenceProvider} can break the contract, for proving that it shows. */
enum Flaw {
  /** Gives memory that is not zero. */
  DIRTY_MEMORY("Content", "freshMemoryIsZero"),
  /** Begins in the middle of a page. */
  UNALIGNED("Content", "regionsBeginAtAPage"),
  /** Begins huge regions at any page. */
  HUGE_UNALIGNED("Content", "hugeRegionsBeginAtAHugePage"),
  /** Gives one byte more than was asked for. */
  ONE_BYTE_MORE("Content", "segmentIsExactlyAsLargeAsAsked"),
  /** Leaves what a small region held to the next one. */
  SLOT_NOT_EMPTIED("Content", "smallRegionsHaveNothingOfTheirNeighbours"),
  /** Empties more than its own when a small region is closed. */
  SLOT_EMPTIES_NEIGHBOUR("Content", "smallRegionsHaveNothingOfTheirNeighbours"),
  /** Closes without waiting for sections. */
  CLOSE_DOES_NOT_WAIT("Section", "closeWaitsForSectionsOfOtherThreads"),
  /** Refuses to close inside an own section. */
  CLOSE_IN_OWN_SECTION_REFUSED("Section", "closeEndsTheSectionsOfItsOwnThread"),
  /** Waits for sections of threads that have ended. */
  ENDED_THREADS_WAITED_FOR("Section", "sectionsOfThreadsThatHaveEndedHoldUpNobodyForEver"),
  /** Is closed and still booked after a close that met a call in progress. */
  CLOSE_IN_USE_LEAKS("Section", "closeWaitsForACallThatUsesTheRawSegmentAndLeaksNothing"),
  /** Refuses to force what was opened for reading. */
  READ_ONLY_NOT_FORCED("Sharing", "readOnlyRegionsCanBeForced"),
  /** Takes the size of the region before the section. */
  SIZE_TAKEN_OUTSIDE("Paging", "callsForTheWholeRegionHoldBesideResizes"),
  /** Lets any thread close a section. */
  SECTION_CLOSED_ANYWHERE("Section", "closingASectionOnAnotherThreadIsRefusedAndChangesNothing"),
  /** Lets a section be closed twice. */
  SECTION_CLOSED_TWICE("Section", "closingASectionTwiceIsRefusedAndChangesNothing"),
  /** Forgets to say that a region is pinned. */
  PIN_FORGOTTEN("Section", "segmentPins"),
  /** Keeps segments usable after close. */
  USABLE_AFTER_CLOSE("Lifecycle", "oldSegmentsAreRefusedAfterClose"),
  /** Books a region off twice when it is closed twice. */
  CLOSE_COUNTS_TWICE("Lifecycle", "statisticsAddUp"),
  /** Serves allocations after it was stopped. */
  SERVES_AFTER_STOP("Lifecycle", "stoppedProviderRefusesWhileRegionsStayUsable"),
  /** Closes all regions when it is stopped. */
  STOP_CLOSES_REGIONS("Lifecycle", "stoppedProviderRefusesWhileRegionsStayUsable"),
  /** Leaves open regions unlisted when it is stopped. */
  ORPHAN_FORGOTTEN("Lifecycle", "regionsOfAStoppedProviderAreListedUntilTheyAreClosed"),
  /** Lists them when they are closed, too. */
  CLOSED_STAYS_ORPHANED("Lifecycle", "regionsOfAStoppedProviderAreListedUntilTheyAreClosed"),
  /** Lists what somebody else hands on as his own. */
  CARRIED_LISTED("Lifecycle", "aCarriedRegionHasItsCarriersNumberAndIsNotListed"),
  /** Does not list open regions in order. */
  LISTING_UNSORTED("Lifecycle", "idsAreUniqueAndListed"),
  /** Leaves the files of unnamed regions. */
  UNNAMED_FILE_LEFT("Lifecycle", "unnamedRegionsLeaveNoFile"),
  /** Never unmaps. */
  MAPPING_LEAK("Lifecycle", "closedRegionsGiveTheirMappingsBack"),
  /** Forgets the limit. */
  LIMIT_IGNORED("Refusal", "limitOfBytesHolds"),
  /** Checks the limit, then books: two threads may both get through. */
  LIMIT_RACES("Refusal", "limitOfBytesHoldsAgainstManyThreads"),
  /** Keeps a refused request booked. */
  REFUSAL_STAYS_BOOKED("Refusal", "impossibleSizesAreRefused"),
  /** Does not count refusals. */
  FAILURES_UNCOUNTED("Refusal", "limitOfBytesHolds"),
  /** Does as well as it can without the capability. */
  UNDECLARED_ACCEPTED("Refusal", "requestsThatNeedAnUndeclaredCapabilityAreRefused"),
  /** Takes what a request requires for a hint. */
  REQUIRED_IGNORED("Refusal", "requiredCapabilitiesAreHadOrRefused"),
  /** Takes any range. */
  RANGES_UNCHECKED("Refusal", "rangesOutsideTheRegionAreRefused"),
  /** Goes on after the listener threw. */
  LISTENER_IGNORED("Refusal", "listenerThatThrowsCancelsTheAllocation"),
  /** Leaves the file of a cancelled allocation. */
  CANCELLED_FILE_LEFT("Refusal", "listenerThatThrowsCancelsTheAllocation"),
  /** Clears the interrupt status. */
  INTERRUPT_LOST("Interrupt", "allocateIsRefused"),
  /** Tells whoever pressed Ctrl-C to clear the interrupt. */
  INTERRUPT_AS_ADVICE("Interrupt", "allocateIsRefused"),
  /** Allocates on interrupted threads. */
  INTERRUPT_IGNORED("Interrupt", "openIsRefusedAndTheRegionStaysWhole"),
  /** Gives up a close when the thread is interrupted. */
  INTERRUPT_CUTS_CLOSE("Interrupt", "closeWaitsForSectionsOnAnInterruptedThreadToo"),
  /** Writes nothing of a region back when it is closed. */
  STORED_BYTES_LOST("Store", "reopensWithTheSameBytes"),
  /** Uses the first 20 characters of a name. */
  NAMES_CUT("Store", "oddNamesStayApartAndInside"),
  /** Uses the name as the file's name. */
  NAMES_ESCAPE("Store", "oddNamesStayApartAndInside"),
  /** Allocates over a stored region of the same name. */
  NAME_TAKEN_OVER("Store", "takenNameIsRefused"),
  /** Deletes open regions. */
  OPEN_REGION_DELETED("Store", "deleteRemovesForGood"),
  /** Deletes whatever has a region's name. */
  FOREIGN_FILE_DELETED("Store", "aFileThatIsNoRegionsIsNotDeleted"),
  /** Opens files that were cut short. */
  CUT_FILE_OPENS("Store", "fileCutShortIsRefusedListedAndReported"),
  /** Trusts the name of an open region's file. */
  NAME_TRUSTED("Store", "aRegionWhoseNameLeadsElsewhereSaysSo"),
  /** Lists stored regions as they come. */
  STORED_UNSORTED("Store", "listingIsSortedAndTellsTheState"),
  /** Lists the configured directory by one of the two calls only. */
  LISTED_ONE_WAY("Store", "listingIsSortedAndTellsTheState"),
  /** Describes every mapping as a shared one. */
  MAPPING_MISDESCRIBED("Sharing", "theDescribedMappingIsTheKernels"),
  /** Forgets the length of a region that it closes. */
  LENGTH_FORGOTTEN("Names", "aLengthIsKeptWithTheRegion"),
  /** Takes any length. */
  LENGTH_UNCHECKED("Names", "aLengthLiesInsideTheRegion"),
  /** Keeps a length that a smaller size does not hold. */
  LENGTH_NOT_CUT("Names", "aSmallerSizeCutsTheLength"),
  /** Gives a region the name of another one, which is gone then. */
  RENAME_OVERWRITES("Names", "aNameThatIsTakenIsNotGivenAgain"),
  /** Tells the old name of a region that was renamed. */
  RENAME_UNTOLD("Names", "anOpenRegionHasItsNewNameAtOnce"),
  /** Lists the configured directory, whichever is asked for. */
  LISTING_IGNORES_DIRECTORY("Names", "anotherDirectoryIsListedRenamedAndDeletedIn"),
  /** Deletes no region that is open. */
  OPEN_REGION_KEPT("Names", "anOpenRegionLosesItsNameAndKeepsItsBytes"),
  /** Takes the bytes of an open region with its name. */
  UNLINK_FREES_BYTES("Names", "anOpenRegionLosesItsNameAndKeepsItsBytes"),
  /** Loses lengths when it forces names. */
  FORCED_NAMES_CUT_LENGTHS("Names", "forcedNamesAreAsTheyWere"),
  /** Forces names when it is stopped. */
  FORCES_AFTER_STOP("Names", "namesOfAStoppedProviderAreNotForced"),
  /** Lets a reader say how long a region is. */
  LENGTH_OF_A_READER("Names", "onlyAWriterSetsTheLength"),
  /** Maps private copies shared. */
  PRIVATE_LEAK("Sharing", "privateStoresDoNotLeakBack"),
  /** Opens read-only regions for writing. */
  WRITABLE_READ_ONLY("Sharing", "readOnlyRegionsRefuseStoresInJava"),
  /** Lets two writers of this JVM in. */
  TWO_WRITERS("Sharing", "oneWriterAtATime"),
  /** Forces private copies without a word. */
  PRIVATE_FORCED("Sharing", "privateStoresCannotBeForced"),
  /** Lets writers of two JVMs in. */
  NO_LOCK_BETWEEN_JVMS("SecondJvm", "regionOpenElsewhereIsRefused"),
  /** Loses a page when it gets advice. */
  ADVICE_LOSES_CONTENT("Paging", "everyAdviceKeepsContent"),
  /** Keeps policies that exclude each other. */
  POLICIES_PILE_UP("Paging", "policiesAddUpAndReplaceEachOther"),
  /** Leaves old bytes behind the new end. */
  RESIZE_KEEPS_OLD_BYTES("Paging", "resizeKeepsBytesAndZeroesNewOnes"),
  /** Resizes pinned regions. */
  RESIZE_PINNED("Paging", "resizeIsRefusedWherePinnedOrInUse"),
  /** Does not hold growth against the limit. */
  RESIZE_BEYOND_LIMIT("Paging", "resizeHoldsTheLimit"),
  /** Tells residency in bytes, not pages. */
  RESIDENCY_IN_BYTES("Paging", "residencyIsInWholePages"),
  /** Takes announcements for stores. */
  PREFETCH_WRITES("Batch", "recordsAreGatheredAndScattered"),
  /** Takes announcements without the capability. */
  PREFETCH_UNDECLARED("Batch", "withoutPrefetchItIsRefused"),
  /** Leaves a section open after an announcement. */
  PREFETCH_KEEPS_SECTION("Batch", "whatAVisitorThrowsPassesThrough"),
  /** Loses a page when it is released. */
  RELEASE_LOSES_CONTENT("Eviction", "releaseKeepsContent"),
  /** Releases locked pages. */
  LOCKED_RELEASED("Eviction", "lockedPagesStay"),
  /** Takes a budget for locked pages. */
  LOCKED_LIMITED("Eviction", "lockedPagesStay"),
  /** Loses a page when it keeps a budget. */
  BUDGET_LOSES_CONTENT("Eviction", "budgetIsKeptAndKeepsContent"),
  /** Takes a budget and does nothing about it. */
  BUDGET_IGNORED("Eviction", "budgetIsKeptAndKeepsContent"),
  /** Forgets the budget of the request. */
  BUDGET_REQUEST_FORGOTTEN("Eviction", "budgetIsToldAndCanChange"),
  /** Keeps the smallest budget for ever. */
  BUDGET_NOT_LIFTED("Eviction", "budgetIsToldAndCanChange"),
  /** Empties the whole page at the start of a range. */
  PUNCH_TAKES_WHOLE_PAGES("Punching", "aPunchedRangeIsZeroAndTheRestStays"),
  /** Leaves what is at the end of a range in a page that is not all of it. */
  PUNCH_LEAVES_ENDS("Punching", "aPunchedRangeIsZeroAndTheRestStays"),
  /** Punches without the capability. */
  PUNCH_UNDECLARED("Punching", "withoutPunchItIsRefused"),
  /** Gives space up that was to stay. */
  KEPT_SPACE_GIVEN_UP("Punching", "whatIsReservedIsTold"),
  /** Takes a file with holes for a reserved one when it is opened again. */
  HOLES_FORGOTTEN("Punching", "punchedRangesLastInTheStore"),
  /** Empties what it reserves. */
  RESERVE_LOSES_CONTENT("Punching", "reserveKeepsContent"),
  /** Maps growth within the maximum anew. */
  GROWTH_MOVES("Growth", "growsInPlaceAndSegmentsStay"),
  /** Loses a byte at growth. */
  GROWTH_LOSES_BYTES("Growth", "growthUnderWritersLosesNothing"),
  /** Leaves old bytes in what is added. */
  GROWTH_DIRTY("Growth", "growsInPlaceAndSegmentsStay"),
  /** Does not tell how far a region grows. */
  MAXIMUM_UNTOLD("Growth", "growsInPlaceAndSegmentsStay"),
  /** Tells a maximum of regions that keep their size. */
  READER_WITH_MAXIMUM("Growth", "aStoredRegionGrowsInPlaceWhenItIsOpenedAgain"),
  /** Opens what is larger than the maximum. */
  OPENED_ABOVE_MAXIMUM("Growth", "aStoredRegionGrowsInPlaceWhenItIsOpenedAgain"),
  /** Has another size after a growth that was refused. */
  FAILED_GROWTH_SHOWS("Growth", "growthHoldsTheLimitAndFailsWhole"),
  /** Has another size after a growth that was cancelled. */
  CANCELLED_GROWTH_SHOWS("Growth", "aGrowthThatIsCancelledChangesNothing"),
  /** Takes no space at growth. */
  GROWTH_UNRESERVED("Growth", "aFullDiskInTheMiddleOfGrowthLosesNothing"),
  /** Leaves segments that lead behind the end. */
  SHRINK_LEAVES_SEGMENTS("Growth", "shrinkingEndsSegmentsAndNothingLeadsBehindTheEnd"),
  /** Has no regions without a byte. */
  EMPTY_REFUSED("Growth", "aRegionWithoutAByteTakesEveryCall"),
  /** Grows by itself beyond the ceiling. */
  CEILING_IGNORED("SelfGrowth", "autogrowthIsByHalfUpToItsCeiling"),
  /** Tells nobody that a region has grown. */
  LISTENER_UNTOLD("SelfGrowth", "autogrowthIsByHalfUpToItsCeiling"),
  /** Gives up where there is no room for a large step. */
  STEP_KEPT("SelfGrowth", "autogrowthTakesWhatIsAskedWhereThereIsNoRoomForMore"),
  /** Grows by what another thread has grown already. */
  ENSURE_BY_AN_OLD_SIZE("SelfGrowth", "manyThreadsThatAskAtOnceGetOneGrowth"),
  /** Punches private views of stored regions. */
  PRIVATE_VIEW_PUNCHED("Punching", "storedRegionsThatAreNotWrittenAreNotEmptied"),
  /** Gives writable segments of regions with protected bytes. */
  PROTECTION_IGNORED("Protection", "protectedBytesTakeNoStores"),
  /** Gives writable segments of protected parts. */
  PART_UNPROTECTED("Protection", "protectedBytesTakeNoStores"),
  /** Gives read-only segments of parts that are not protected. */
  PART_NEVER_WRITABLE("Protection", "whatIsNotProtectedTakesStores"),
  /** Never lifts a protection. */
  PROTECTION_NOT_LIFTED("Protection", "whatIsNotProtectedTakesStores"),
  /** Lifts what it may not. */
  READ_ONLY_LIFTED("Protection", "storesToAReadOnlyRegionAreNotAllowed"),
  /** Empties protected ranges. */
  PROTECTED_PUNCHED("Protection", "callsThatWouldStoreAreRefused"),
  /** Cuts protected bytes off. */
  PROTECTION_CUT("Protection", "protectionHoldsOverResizes"),
  /** Forgets what is protected when it grows. */
  GROWTH_UNPROTECTS("Protection", "protectionHoldsOverResizes"),
  /** Protects what it grows by. */
  GROWTH_PROTECTED("Protection", "protectionHoldsOverResizes"),
  /** Leaves a section open on a part that there is not. */
  REFUSED_PART_STAYS_OPEN("Protection", "partsOutsideTheRegionAreRefused"),
  /** Lets segments of checked sections live on. */
  KEPT_SEGMENT_LIVES("CheckedSections", "aSegmentKeptPastItsSectionThrowsAtOnce"),
  /** Checks sections on all of a region alone. */
  PART_UNCHECKED("CheckedSections", "partsAndProtectedOnesAreCheckedToo"),
  /** Ends all segments with a nested section. */
  NESTED_ENDS_ALL("CheckedSections", "nestedSectionsEndOneByOne"),
  /** Ends the segment when another thread closes its section in vain. */
  REFUSED_CLOSE_ENDS("CheckedSections", "closingElsewhereOrTwiceIsRefusedAndEndsNothing"),
  /** Leaves the segments of sections that were never closed. */
  LOST_SEGMENT_LIVES("CheckedSections", "segmentsEndWithTheRegionAtLast"),
  /** Closes a section without a word about a call that uses its segment. */
  CALL_PAST_SECTION_UNTOLD("CheckedSections", "aCallThatOutlastsItsSectionIsToldOf"),
  /** Copies beside the users, and nothing again. */
  SNAPSHOT_TORN("Snapshots", "whatASectionStoresIsInASnapshotAsAWholeOrNotAtAll"),
  /** Forgets the length in a snapshot. */
  SNAPSHOT_WITHOUT_LENGTH("Snapshots", "aSnapshotHasWhatTheRegionHad"),
  /** Loses the last page in a snapshot. */
  SNAPSHOT_CUT("Snapshots", "aSnapshotHasWhatTheRegionHad"),
  /** Gives a snapshot its name before all is there. */
  SNAPSHOT_PUBLISHED_EARLY("Snapshots", "aCancelledSnapshotLeavesNothing"),
  /** Makes a snapshot that nobody waits for. */
  SNAPSHOT_ON_AN_INTERRUPTED_THREAD("Snapshots", "aCancelledSnapshotLeavesNothing"),
  /** Makes snapshots of pinned regions. */
  SNAPSHOT_OF_A_PINNED_REGION("Snapshots", "whatCannotBeHeldIsRefused"),
  /** Goes back to nothing but zeros. */
  DISCARD_EMPTIES("Checkpoints", "discardGoesBackToTheLastOne"),
  /** Keeps what is to be discarded. */
  DISCARD_IGNORED("Checkpoints", "discardGoesBackToTheLastOne"),
  /** Takes all regions for regions with checkpoints. */
  CHECKPOINTS_OF_ALL("Checkpoints", "otherRegionsHaveNone"),
  /** Counts checkpoints that have nothing. */
  NUMBERS_ALWAYS_GROW("Checkpoints", "numbersGrowWithChangesAlone"),
  /** Loses at its close what was stored since the last one. */
  CLOSE_ALWAYS_DISCARDS("Checkpoints", "closingMakesOne"),
  /** Makes one at its close, whatever was asked for. */
  CLOSE_NEVER_DISCARDS("Checkpoints", "closingDiscardsIfItIsTo"),
  /** Leaves the other regions of a group out. */
  GROUP_IGNORED("Checkpoints", "aGroupIsOne"),
  /** Waits for no section. */
  CUT_INSIDE_SECTIONS("Checkpoints", "itIsRefusedInsideASection"),
  /** Gives segments without sections. */
  SEGMENT_OF_CHECKPOINTED("Checkpoints", "whatHasNoPlaceInOneIsRefused"),
  /** Goes on after the listener threw. */
  CHECKPOINT_NOT_CANCELLED("Checkpoints", "aListenerThatThrowsLeavesTheLastOne"),
  /** Keeps what was stored behind the end of the last one. */
  GROWTH_NOT_DISCARDED("Checkpoints", "discardLeavesSizesAndEmptiesWhatWasAdded"),
  /** Checkpoints groups that have no region. */
  CLOSED_CHECKPOINTED("Checkpoints", "afterItsEndARegionRefusesThem");

  /** The theme of the contract that must notice it. */
  private final String theme;

  /** The test in it that must fail. */
  private final String test;

  Flaw(String theme, String test) {
    this.theme = theme;
    this.test = test;
  }

  String theme() {
    return theme;
  }

  String test() {
    return test;
  }
}
