/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.ZipfianRanks;

/**
 * Documents in an invented language of syllables, the same for the same seed. The frequencies of
 * its words follow Zipf's law.
 */
final class TextCorpus {
  static final int WORDS_PER_DOCUMENT = 64;

  private static final int VOCABULARY = 1 << 20;
  private static final double THETA = 0.99;
  private static final String CONSONANTS = "bdfgklmnprstvz";
  private static final String VOWELS = "aeiou";

  private final long seed;
  private final ZipfianRanks ranks = new ZipfianRanks(VOCABULARY, THETA);

  TextCorpus(long seed) {
    this.seed = seed;
  }

  byte[] document(int number) {
    RandomStream random = new RandomStream(seed ^ RandomStream.mix(number));
    StringBuilder text = new StringBuilder(WORDS_PER_DOCUMENT * 8);
    for (int i = 0; i < WORDS_PER_DOCUMENT; i++) {
      appendWord(text, ranks.next(random));
      text.append(i % 12 == 11 ? ". " : " ");
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Any word of the language, rare or frequent, as its hash. */
  int word(RandomStream random) {
    StringBuilder text = new StringBuilder();
    appendWord(text, random.below(VOCABULARY));
    return words(text.append(' ').toString().getBytes(StandardCharsets.US_ASCII))[0];
  }

  /** Writes a number to base 70, one syllable for each digit, so that frequent words are short. */
  private static void appendWord(StringBuilder text, long rank) {
    long rest = rank;
    int syllables = CONSONANTS.length() * VOWELS.length();
    do {
      int digit = (int) (rest % syllables);
      text.append(CONSONANTS.charAt(digit / VOWELS.length()));
      text.append(VOWELS.charAt(digit % VOWELS.length()));
      rest = rest / syllables - 1;
    } while (rest >= 0);
  }

  /** The distinct words of a text, as hashes, in the order of their first appearance. */
  static int[] words(byte[] text) {
    List<Integer> words = new ArrayList<>(WORDS_PER_DOCUMENT);
    int hash = 0;
    boolean inWord = false;
    for (byte character : text) {
      if (character >= 'a' && character <= 'z') {
        hash = 31 * hash + character;
        inWord = true;
      } else if (inWord) {
        Integer word = (int) RandomStream.mix(hash);
        if (!words.contains(word)) {
          words.add(word);
        }
        hash = 0;
        inWord = false;
      }
    }
    return words.stream().mapToInt(Integer::intValue).toArray();
  }
}
