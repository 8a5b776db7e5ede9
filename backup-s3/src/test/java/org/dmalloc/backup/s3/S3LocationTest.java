/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class S3LocationTest {
  private static S3Location parse(String address) {
    return S3Location.parse(URI.create(address), Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    "s3://shop, s3://shop, ''",
    "s3://shop/, s3://shop, ''",
    "s3://shop/a/b/, s3://shop/a/b, a/b/",
    "s3://my_shop.eu/a, s3://my_shop.eu/a, a/",
    "s3://shop?region=eu-central-1, s3://shop?region=eu-central-1, ''",
    "s3://shop/a?region=x&endpoint=HTTP://Host:9000/,"
        + " s3://shop/a?endpoint=http://host:9000&region=x, a/",
    "s3://shop?endpoint=https%3A%2F%2Fhost, s3://shop?endpoint=https://host, ''",
    "s3://shop?profile=backups, s3://shop?profile=backups, ''"
  })
  void addressesHaveOneForm(String given, String form, String prefix) {
    S3Location location = parse(given);
    assertEquals(form, location.text());
    assertEquals(prefix, location.prefix());
    assertEquals(location, parse(form));
  }

  @Test
  void optionsBesideTheAddressAreTheSame() {
    Map<String, String> options = Map.of("endpoint", "http://host:9000", "region", "x");
    assertEquals(
        parse("s3://shop/a?endpoint=http://host:9000&region=x"),
        S3Location.parse(URI.create("s3://shop/a?region=x"), options));
    IllegalArgumentException twice =
        assertThrows(
            IllegalArgumentException.class,
            () -> S3Location.parse(URI.create("s3://shop/a?region=y"), options));
    assertTrue(twice.getMessage().contains("is 'y' and 'x'"), twice.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3:///a",
        "s3://ab",
        "s3://Shop",
        "s3://-shop",
        "s3://shop:80/a",
        "s3://shop/a//b",
        "s3://shop/a/../b",
        "s3://shop/a%20b",
        "s3://shop/a#b",
        "s3://shop?region=",
        "s3://shop?region",
        "s3://shop?region=a_b",
        "s3://shop?region=a&region=b",
        "s3://shop?endpoint=host:9000",
        "s3://shop?endpoint=ftp://host",
        "s3://shop?endpoint=http://host/path",
        "s3://shop?endpoint=http://host?a=b",
        "s3://shop?endpoint=%5B"
      })
  void whatIsNoAddressIsRefused(String address) {
    assertThrows(IllegalArgumentException.class, () -> parse(address));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3://id:hidden@shop/a",
        "s3://hidden@shop/a",
        "s3://shop/a?secretAccessKey=hidden",
        "s3://shop/a?secret.access.key=hidden",
        "s3://shop/a?endpoint=http://id:hidden@host"
      })
  void anAddressWithCredentialsIsRefusedAndNotShown(String address) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> parse(address));
    assertTrue(refused.getMessage().contains("credentials are configured"), refused.getMessage());
    assertFalse(refused.getMessage().contains("hidden"), refused.getMessage());
  }
}
