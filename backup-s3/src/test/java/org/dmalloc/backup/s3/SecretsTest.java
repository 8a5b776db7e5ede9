/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.archive.MemoryContent;
import org.dmalloc.backup.s3.FaultProxy.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Whatever happens, no text of it has a part of the credentials. */
class SecretsTest {
  private static final String TOKEN = "theTokenOfTheSession";

  private final List<String> texts = Collections.synchronizedList(new ArrayList<>());

  private final Handler log =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          texts.add(entry.getMessage());
          if (entry.getThrown() != null) {
            texts.add(trace(entry.getThrown()));
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private static String trace(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text, true));
    return text.toString();
  }

  private void collect(Executable call) {
    try {
      call.execute();
    } catch (Throwable thrown) {
      texts.add(trace(thrown));
    }
  }

  @Test
  void noTextHasThem() throws Throwable {
    Logger everything = Logger.getLogger("");
    Level before = everything.getLevel();
    everything.addHandler(log);
    everything.setLevel(Level.ALL);
    // The JDK's own, which shows requests to whoever asks for it by name.
    Logger connections = Logger.getLogger("sun.net.www.protocol.http");
    connections.setLevel(Level.INFO);
    try (StoreRig rig = new StoreRig()) {
      for (String secret : List.of(ObjectService.SECRET_ACCESS_KEY, "wrongKeyOfTheTests")) {
        use(rig, secret);
      }
    } finally {
      everything.setLevel(before);
      connections.setLevel(null);
      everything.removeHandler(log);
    }
    assertTrue(texts.size() > 15, texts.size() + " texts");
    String all = String.join("\n", texts);
    for (String hidden :
        List.of(
            ObjectService.ACCESS_KEY_ID,
            ObjectService.SECRET_ACCESS_KEY,
            "wrongKeyOfTheTests",
            TOKEN)) {
      int at = all.indexOf(hidden);
      assertFalse(
          at >= 0, () -> all.substring(Math.max(0, at - 300), Math.min(all.length(), at + 100)));
    }
  }

  private void use(StoreRig rig, String secret) {
    Map<String, Map<String, ?>> configured =
        Map.of(
            "p",
            Map.of(
                ConfiguredAccess.ENDPOINT,
                rig.proxy.endpoint(),
                ConfiguredAccess.ACCESS_KEY_ID,
                ObjectService.ACCESS_KEY_ID,
                ConfiguredAccess.SECRET_ACCESS_KEY,
                secret,
                ConfiguredAccess.SESSION_TOKEN,
                TOKEN));
    texts.add(ConfiguredAccess.of("p", configured.get("p")).toString());
    for (Fault fault : Fault.values()) {
      rig.proxy.faults = request -> Fault.NONE;
      S3StoreOpener opener = new S3StoreOpener(() -> configured, StoreRig.IMPATIENT);
      collect(
          () -> {
            try (BackupStore store = opener.open(URI.create(rig.location()), Map.of())) {
              texts.add(store + store.location());
              rig.proxy.faults = request -> fault;
              collect(
                  () ->
                      store.put(
                          "a-" + fault.name().toLowerCase(Locale.ROOT),
                          new MemoryContent(new byte[1])));
              collect(() -> store.replace("heads/a", "0", ByteBuffer.allocate(1)));
              collect(() -> store.get("heads/none"));
              collect(() -> store.read("none", 0, ByteBuffer.allocate(1)));
              collect(() -> store.list(""));
              collect(() -> store.delete("none"));
            }
          });
    }
  }

  @Test
  void wrongOnesAreSaidToBeWrong() throws Exception {
    try (StoreRig rig = new StoreRig()) {
      Map<String, Map<String, ?>> wrong =
          Map.of(
              "p",
              Map.of(
                  ConfiguredAccess.ENDPOINT,
                  rig.proxy.endpoint(),
                  ConfiguredAccess.ACCESS_KEY_ID,
                  ObjectService.ACCESS_KEY_ID,
                  ConfiguredAccess.SECRET_ACCESS_KEY,
                  "wrong"));
      S3StoreOpener opener = new S3StoreOpener(() -> wrong, Limits.DEFAULT);
      MemoryException refused =
          assertThrows(
              MemoryException.class, () -> opener.open(URI.create(rig.location()), Map.of()));
      assertEquals(
          "open backup store "
              + rig.location()
              + ": HTTP 403 SignatureDoesNotMatch; correct the credentials that are configured or"
              + " in the client's usual chain",
          refused.getMessage());
    }
  }
}
