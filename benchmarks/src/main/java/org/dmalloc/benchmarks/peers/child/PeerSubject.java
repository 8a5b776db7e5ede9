/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.benchmarks.peers.store.StorePlace;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.compare.child.ChildProcess;
import org.dmalloc.measure.compare.child.Subject;

/** A peer as a contender: opened for each row with the settings that fit its use. */
public final class PeerSubject implements Subject {
  private final Peer peer;
  private final long cacheBytes;

  /** A contender and the size of its own cache. */
  public record Spec(String peer, long cacheBytes) {}

  public PeerSubject(Spec spec) {
    peer = Peer.named(spec.peer);
    cacheBytes = spec.cacheBytes;
  }

  public static void main(String[] arguments) throws IOException {
    ChildProcess.main(task -> new PeerSubject(new Gson().fromJson(task.subject(), Spec.class)));
  }

  @Override
  public PageStore open(Path directory, long byteSize, String step) throws IOException {
    return peer.opener()
        .open(new StorePlace(directory, byteSize, cacheBytes), Row.named(step).use());
  }

  @Override
  public void dropCaches(Path directory) throws IOException {
    ColdFiles.drop(directory);
  }
}
