/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.measure.Workload.Kind;

/**
 * The workloads, by name: those of a benchmark, and those that only a comparison under a memory
 * limit or with peers runs. docs/method.md describes them. A new one is added here, with its
 * worker; CONTRIBUTING.md lists what else it needs.
 */
public final class Workloads {
  /** A load from RAM takes 10 to 100 ns, reading the clock 20 to 40. */
  private static final int GROUP_LOADS = 64;

  private static final int GROUP_PAGES = 16;
  private static final int BATCH_PAGES = 512;
  private static final String STORE_AT_RANDOM = "store 8 bytes to a random page";
  private static final String LOAD_AT_RANDOM = "load 8 bytes of a random page";

  public static final Workload FILL =
      new Workload(
          "fill",
          "store all 4 KiB of the next page",
          Kind.FILL,
          AccessPattern.SEQUENTIAL,
          PageContent.PAGE_BYTES,
          GROUP_PAGES,
          PageWorkers::fill);

  public static final Workload READ =
      new Workload(
          "read",
          "load all 4 KiB of the next page",
          Kind.READ,
          AccessPattern.SEQUENTIAL,
          PageContent.PAGE_BYTES,
          GROUP_PAGES,
          PageWorkers::readInOrder);

  public static final Workload RANDOM_READ = atRandom("random-read", LOAD_AT_RANDOM, Kind.READ);

  public static final Workload RANDOM_WRITE =
      atRandom("random-write", STORE_AT_RANDOM, Kind.WRITE).withMaker(PageWorkers::write);

  private static final List<Workload> STANDARD =
      List.of(
          FILL,
          READ,
          RANDOM_READ,
          // Uses pages again even from a cold start, and so measures a cache that fills.
          atRandom("zipf-read", "load 8 bytes of a page, zipfian 0.99", Kind.READ)
              .withMaker(c -> PageWorkers.read(c, PageOrder.zipfian(c).announced(c))),
          batchRead(BATCH_PAGES),
          listed("visit-read", LOAD_AT_RANDOM, "visit", Long.BYTES, BatchedWorkers::visit),
          listed(
              "gather-read",
              "copy 256 bytes out of a random page",
              "gather",
              BatchedWorkers.GATHERED_BYTES,
              BatchedWorkers::gather),
          RANDOM_WRITE,
          listed("scatter-write", STORE_AT_RANDOM, "scatter", Long.BYTES, BatchedWorkers::scatter),
          changing(
              "phase-change",
              "load 8 bytes of a page: random, in order, random",
              c -> PageWorkers.read(c, PageOrder.phases(c))),
          changing(
              "half-and-half",
              "load 8 bytes of a page: 64 in order, 1 random elsewhere",
              c -> PageWorkers.read(c, new PageOrder.Halves(c, 64))),
          new Workload(
              "alloc-free",
              "allocate 1 MiB, store to 2 pages, close",
              Kind.ALLOCATE,
              AccessPattern.NORMAL,
              0,
              1,
              BatchedWorkers::allocate));

  /** Found by name only: a comparison has its own list of those that it runs. */
  private static final List<Workload> OTHERS =
      List.of(
          mixed("mixed-95-5", "random page: load 95 %, store 5 %", 0.05),
          mixed("mixed-50-50", "random page: load 50 %, store 50 %", 0.5),
          atRandom("pointer-chase", "load the page that the last load named", Kind.READ)
              .withMaker(PageWorkers::chase),
          new Workload(
              "scan-and-random",
              "load 8 bytes of a random page while another thread scans",
              Kind.READ,
              AccessPattern.RANDOM,
              Long.BYTES,
              GROUP_LOADS,
              Set.of(),
              READ,
              RANDOM_READ.maker()),
          atRandom(
                  "working-set",
                  "load 8 bytes of a random page of a set that shrinks from all to an eighth and grows back",
                  Kind.READ)
              .withMaker(c -> PageWorkers.read(c, PageOrder.workingSet(c).announced(c))),
          changing(
              "scan-and-touch",
              "load all of a page, 16 in order, then 8 bytes of 1 random elsewhere",
              PageWorkers::scanAndTouch));

  private Workloads() {}

  private static Workload atRandom(String name, String operation, Kind kind) {
    return new Workload(
        name,
        operation,
        kind,
        AccessPattern.RANDOM,
        Long.BYTES,
        GROUP_LOADS,
        c -> PageWorkers.read(c, PageOrder.random(c).announced(c)));
  }

  private static Workload mixed(String name, String operation, double storeShare) {
    return atRandom(name, operation, Kind.WRITE)
        .withMaker(context -> PageWorkers.mixed(context, storeShare));
  }

  private static Workload changing(String name, String operation, Workload.Maker maker) {
    return new Workload(
        name, operation, Kind.READ, AccessPattern.NORMAL, Long.BYTES, GROUP_LOADS, maker);
  }

  /** Timed in whole lists: a part would time the announcement or omit it. */
  private static Workload listed(
      String name, String operation, String call, int recordBytes, Workload.Maker maker) {
    return new Workload(
            name,
            operation + ", " + BatchedWorkers.LIST_RECORDS + " pages to a call of " + call,
            name.endsWith("write") ? Kind.WRITE : Kind.READ,
            AccessPattern.RANDOM,
            recordBytes,
            BatchedWorkers.LIST_RECORDS,
            maker)
        .needing(Capability.PREFETCH);
  }

  /** Loads at random, announced in batches: one thread then gets the disk's rate at depth. */
  public static Workload batchRead(int batchPages) {
    if (batchPages < 1) {
      throw new IllegalArgumentException("batch of " + batchPages + " pages; give at least 1");
    }
    return new Workload(
            batchPages == BATCH_PAGES ? "batch-read" : "batch-read-" + batchPages,
            LOAD_AT_RANDOM + ", announced in batches of " + batchPages,
            Kind.READ,
            AccessPattern.RANDOM,
            Long.BYTES,
            batchPages,
            c -> PageWorkers.read(c, PageOrder.random(c).announced(c.requireStore(), batchPages)))
        .needing(Capability.PREFETCH);
  }

  /** The workloads of a benchmark, in the order in which they run and are shown. */
  public static List<Workload> standard() {
    return STANDARD;
  }

  /** Finds a workload of any command by its name; the message of a failure lists a benchmark's. */
  public static Workload named(String name) {
    return Stream.concat(STANDARD.stream(), OTHERS.stream())
        .filter(workload -> workload.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no workload '"
                        + name
                        + "'; choose from "
                        + STANDARD.stream().map(Workload::name).collect(Collectors.joining(", "))));
  }
}
