/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ShareTokenTest {
  private static final String BACKEND = "anon-memfd";

  private static ShareToken token() {
    return new ShareToken(
        0xf0000001,
        4_194_303,
        Long.MAX_VALUE,
        1_000_000,
        -1,
        1L << 40,
        3L << 30,
        ShareSecret.random());
  }

  private static String refusal(String printed) {
    return assertThrows(IllegalArgumentException.class, () -> ShareToken.parse(printed, BACKEND))
        .getMessage();
  }

  @Test
  void whatIsPrintedIsReadAgain() {
    ShareToken token = token();
    String printed = token.print();
    assertEquals(ShareToken.CHARS, printed.length());
    assertTrue(printed.matches("dmalloc1\\.[A-Za-z0-9_-]+"), printed);
    ShareToken read = ShareToken.parse(" " + printed + "\r\n", BACKEND);
    assertEquals(printed, read.print());
    assertEquals(token.namespace(), read.namespace());
    assertEquals(token.pid(), read.pid());
    assertEquals(token.startTicks(), read.startTicks());
    assertEquals(token.descriptor(), read.descriptor());
    assertEquals(token.device(), read.device());
    assertEquals(token.inode(), read.inode());
    assertEquals(token.byteSize(), read.byteSize());
    assertEquals(token.secret().digest(), read.secret().digest());
  }

  @Test
  void whatIsWrongWithItIsSaid() {
    String printed = token().print();
    String next = "; copy all of what 'share' prints";
    assertEquals(
        "not a token of backend anon-memfd: it does not begin with dmalloc1." + next,
        refusal(printed.replace("dmalloc1", "dmalloc2")));
    assertEquals(
        "not a token of backend anon-memfd: it has 94 characters, and one of this version has 95"
            + next,
        refusal(printed.substring(0, ShareToken.CHARS - 1)));
    assertEquals(
        "not a token of backend anon-memfd: it has characters that none has" + next,
        refusal(printed.substring(0, ShareToken.CHARS - 1) + "\u00fc"));
    char other = printed.charAt(40) == 'A' ? 'B' : 'A';
    assertEquals(
        "not a token of backend anon-memfd: its checksum is wrong: a character was changed" + next,
        refusal(printed.substring(0, 40) + other + printed.substring(41)));
  }

  /** The last character has bits that mean nothing. */
  @Test
  void noOtherLastCharacterWillDo() {
    String printed = token().print();
    String start = printed.substring(0, ShareToken.CHARS - 1);
    String digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < digits.length(); i++) {
      char other = digits.charAt(i);
      if (other != printed.charAt(ShareToken.CHARS - 1)) {
        assertTrue(refusal(start + other).contains("checksum"));
      }
    }
  }

  @Test
  void theSecretIsNotGuessedAndNotShown() {
    Set<String> digests = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      ShareSecret secret = ShareSecret.random();
      assertTrue(digests.add(secret.digest()));
      assertEquals(2 * ShareSecret.BYTES, secret.digest().length());
      assertEquals("secret", secret.toString());
    }
    ShareToken token = token();
    assertNotEquals(token.print(), token.toString());
    assertEquals("token of the region at descriptor 1000000 of process 4194303", token.toString());
    assertFalse(token.print().contains(token.secret().digest()));
  }
}
