/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import com.google.gson.Gson;

/**
 * A region of one worker for another to look at.
 *
 * @param provider where its token leads
 * @param version that all its units have
 */
public record Visit(
    String provider, String token, long key, int unitBytes, int units, long version) {
  private static final Gson GSON = new Gson();

  String json() {
    return GSON.toJson(this);
  }

  static Visit parse(String json) {
    return GSON.fromJson(json, Visit.class);
  }
}
