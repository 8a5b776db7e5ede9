/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.api.standalone.RegionManager;
import org.dmalloc.api.standalone.RegionManagerFactory;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.RegionPages;
import org.dmalloc.measure.compare.child.BufferPool;
import org.dmalloc.measure.compare.child.SegmentStore;
import org.jspecify.annotations.Nullable;

/**
 * One contender.
 *
 * @param id its name on the command line and in tables
 * @param library its name and version
 * @param licence as an SPDX identifier
 * @param settings its settings, and the reasons
 * @param jvmOptions other options of its JVM
 * @param opener creates a store in an empty directory, else opens the existing one
 */
public record Peer(
    String id,
    Family family,
    String library,
    String licence,
    String settings,
    List<String> jvmOptions,
    Opener opener) {
  private static final String NAME = "pages";
  private static final String OWN_LICENCE = "Apache-2.0";

  private static final List<String> UNSAFE = List.of("--sun-misc-unsafe-memory-access=allow");

  /** The options that lmdbjava's guide names. */
  private static final List<String> LMDB_OPTIONS =
      List.of(
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  /** The options of Chronicle's guide for Java 17 and later, with its analytics disabled. */
  private static final List<String> CHRONICLE_OPTIONS =
      List.of(
          "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
          "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
          "--add-opens=java.base/java.lang=ALL-UNNAMED",
          "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
          "--add-opens=java.base/java.io=ALL-UNNAMED",
          "--add-opens=java.base/java.util=ALL-UNNAMED",
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-Dchronicle.analytics.disable=true",
          "-Dchronicle.announcer.disable=true");

  public enum Family {
    /** A provider of this suite, with the pattern that it detects, or its only one. */
    OURS,
    /** A provider of this suite, with a fixed pattern. */
    OURS_FIXED,
    PEER
  }

  @FunctionalInterface
  public interface Opener {
    PageStore open(StorePlace place, Use use) throws IOException;
  }

  public Peer {
    jvmOptions = List.copyOf(jvmOptions);
  }

  public static List<Peer> all() {
    List<Peer> peers = new ArrayList<>();
    AccessPattern usual = OpenRequest.of(NAME).pattern();
    for (AccessPattern pattern : AccessPattern.values()) {
      boolean chosen = pattern.name().equals("AUTO");
      peers.add(
          new Peer(
              "panama:" + pattern.name().toLowerCase(Locale.ROOT),
              chosen ? Family.OURS : Family.OURS_FIXED,
              "dmalloc backend panama",
              OWN_LICENCE,
              chosen
                  ? "pattern AUTO: the region finds the advice by itself"
                  : "pattern " + pattern + " for every workload",
              List.of(),
              region("panama", pattern)));
    }
    // The pattern without a request is the baseline, so it comes first.
    peers.sort(Comparator.comparing(peer -> peer.family() != Family.OURS));
    peers.add(
        new Peer(
            "managed",
            Family.OURS,
            "dmalloc manager over backend panama",
            OWN_LICENCE,
            "over that backend alone, the default pattern (" + usual + ")",
            List.of(),
            (place, use) -> region(Managed.PROVIDER, null, place)));
    peers.add(
        new Peer(
            "filechannel",
            Family.OURS,
            "dmalloc backend filechannel",
            OWN_LICENCE,
            "the default pattern (" + usual + "); pure Java gives no advice",
            List.of(),
            region("filechannel", null)));
    peers.add(
        new Peer(
            "jdk-map",
            Family.PEER,
            "FileChannel.map of the JDK",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "one mapping; there is nothing to set",
            List.of(),
            (place, use) -> mapped(place)));
    peers.add(
        new Peer(
            "mapdb",
            Family.PEER,
            "org.mapdb:mapdb 3.1.0",
            "Apache-2.0",
            "Volume: MappedFileVol with slices of 1 GiB, the file's size given, cleanerHackEnabled",
            UNSAFE,
            (place, use) -> new MapDbStore(place)));
    peers.add(
        new Peer(
            "chronicle",
            Family.PEER,
            "net.openhft:chronicle-bytes 2026.4",
            "Apache-2.0",
            "MappedBytes with a single mapping: chunks are mapped anew as one goes about; SyncMode.SYNC",
            CHRONICLE_OPTIONS,
            (place, use) -> new ChronicleStore(place)));
    peers.add(
        new Peer(
            "lmdb",
            Family.PEER,
            "org.lmdbjava:lmdbjava 0.9.3 (LMDB 0.9.33)",
            "Apache-2.0; LMDB: OLDAP-2.8",
            "integer keys, appended; MDB_NORDAHEAD for random use; MDB_NOSYNC, transactions of 4096 stores, one sync",
            LMDB_OPTIONS,
            LmdbStore::new));
    peers.add(
        new Peer(
            "lucene",
            Family.PEER,
            "org.apache.lucene:lucene-core 10.6.0",
            "Apache-2.0",
            "MMapDirectory, ReadAdvice RANDOM, SEQUENTIAL or NORMAL for each use; prefetch for batches; files are written once",
            List.of(),
            LuceneStore::new));
    peers.add(
        new Peer(
            "pool",
            Family.PEER,
            "com.github.ben-manes.caffeine:caffeine over FileChannel",
            "Apache-2.0",
            "frames of 4 KiB in what the limit leaves beside a JVM, O_DIRECT, W-TinyLFU",
            List.of(),
            (place, use) ->
                new BufferPool(place.directory(), place.byteSize(), place.cacheBytes())));
    return List.copyOf(peers);
  }

  public static Peer named(String id) {
    return Arguments.named("contender", id, all(), Peer::id);
  }

  private static PageStore mapped(StorePlace place) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            place.directory().resolve(NAME),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      return new SegmentStore(
          arena -> channel.map(FileChannel.MapMode.READ_WRITE, 0, place.byteSize(), arena),
          "one mapping, sparse file, no advice (the JDK has no call for it)");
    }
  }

  /** One manager for each JVM, as in a container. */
  private static final class Managed {
    static final MemoryProvider PROVIDER = start();

    private static MemoryProvider start() {
      RegionManager manager =
          ServiceLoader.load(RegionManagerFactory.class).findFirst().orElseThrow().start(Map.of());
      manager.backendStarted(Dmalloc.open().provider("panama"), 0);
      return manager.provider();
    }
  }

  /** Allocates or opens the region; each group of operations is an access section of it. */
  private static PageStore region(
      MemoryProvider provider, @Nullable AccessPattern pattern, StorePlace place)
      throws IOException {
    boolean fresh;
    try (DirectoryStream<?> entries = Files.newDirectoryStream(place.directory())) {
      fresh = !entries.iterator().hasNext();
    }
    if (fresh) {
      RegionRequest request =
          RegionRequest.ofSize(place.byteSize()).withName(NAME).withDirectory(place.directory());
      return new RegionPages(
          provider, provider.allocate(pattern == null ? request : request.withPattern(pattern)));
    }
    OpenRequest request = OpenRequest.of(NAME).withDirectory(place.directory());
    return new RegionPages(
        provider, provider.open(pattern == null ? request : request.withPattern(pattern)));
  }

  private static Opener region(String backend, @Nullable AccessPattern pattern) {
    // One provider for each JVM, as in a container.
    Dmalloc dmalloc = Dmalloc.open();
    return (place, use) -> region(dmalloc.provider(backend), pattern, place);
  }
}
