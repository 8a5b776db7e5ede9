/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ConfiguredAccessTest {
  private static ConfiguredAccess of(String pid, String... keysAndValues) {
    Map<String, Object> properties = new HashMap<>(Map.of("service.pid", pid, "felix.x", 1));
    for (int i = 0; i < keysAndValues.length; i += 2) {
      properties.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return ConfiguredAccess.of(pid, properties);
  }

  private static @Nullable String best(String address, ConfiguredAccess... all) {
    ConfiguredAccess best =
        ConfiguredAccess.best(List.of(all), S3Location.parse(URI.create(address), Map.of()));
    return best == null ? null : best.pid();
  }

  @Test
  void theOneOfTheBucketIsBetterThanTheOneOfTheEndpoint() {
    ConfiguredAccess aws = of("aws");
    ConfiguredAccess host = of("host", "endpoint", "http://host:1");
    ConfiguredAccess shop = of("shop", "endpoint", "http://host:1", "bucket", "shop");
    assertEquals("shop", best("s3://shop/a?endpoint=http://host:1", aws, host, shop));
    assertEquals("host", best("s3://other/a?endpoint=http://host:1/", aws, host, shop));
    assertEquals("aws", best("s3://other/a", aws, host, shop));
    assertEquals("shop", best("s3://shop/a", aws, host, shop), "it gives the endpoint");
  }

  @Test
  void keysGoToNoOtherEndpointThanTheirs() {
    assertNull(best("s3://shop?endpoint=http://evil", of("aws")));
    assertNull(best("s3://shop?endpoint=http://evil", of("aws", "bucket", "shop")));
    assertNull(best("s3://shop?endpoint=http://evil", of("host", "endpoint", "http://host")));
    assertNull(best("s3://shop", of("host", "endpoint", "http://host")));
  }

  @Test
  void twoForTheSameAreRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> best("s3://shop", of("b", "bucket", "shop"), of("a", "bucket", "shop")));
    assertTrue(refused.getMessage().startsWith("configurations [a, b]"), refused.getMessage());
  }

  @Test
  void badConfigurationsAreNamedByPidAndKeyAndShowNoSecret() {
    List<String> messages = new ArrayList<>();
    for (String[] bad :
        new String[][] {
          {"access.key.id", "hidden"},
          {"secret.access.key", "hidden"},
          {"session.token", "hidden"},
          {"secret.acess.key", "hidden", "access.key.id", "hidden"},
          {"endpoint", "http://user:hidden@host"},
          {"region", "a b"}
        }) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> of("the-pid", bad));
      messages.add(String.valueOf(refused.getMessage()));
    }
    for (String message : messages) {
      assertTrue(message.startsWith("configuration the-pid: "), message);
      assertFalse(message.contains("hidden"), message);
    }
    assertTrue(messages.get(3).contains("secret.acess.key is not known"), messages.get(3));
  }

  @Test
  void noTextShowsKeys() {
    ConfiguredAccess access =
        of(
            "p",
            "access.key.id",
            "hidden",
            "secret.access.key",
            "hidden",
            "session.token",
            "hidden");
    assertNotNull(access.keys());
    assertEquals("hidden", access.keys().credentials().secretAccessKey());
    assertFalse(access.toString().contains("hidden"), access.toString());
    assertEquals(
        access,
        of(
            "p",
            "access.key.id",
            "hidden",
            "secret.access.key",
            "hidden",
            "session.token",
            "hidden"));
  }
}
