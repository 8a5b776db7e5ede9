/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.api.Access;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.UnitContent;

/** Whether a copy has what a region had at one moment between the stores of one thread. */
final class SnapshotMoment {
  private SnapshotMoment() {}

  /**
   * Throws unless there is such a moment.
   *
   * @param copy the copy, with the model of the original
   * @param before the versions of all units before the first store
   * @param stores those that were made meanwhile, in order
   */
  static void require(Held copy, long[] before, List<Load.Store> stores) {
    RegionModel model = copy.model();
    Map<Long, Integer> places = new HashMap<>();
    for (int place = 0; place < stores.size(); place++) {
      places.put(stores.get(place).version(), place);
    }
    int[] next = new int[stores.size()];
    int[] first = new int[model.units()];
    linkStores(stores, next, first);
    int least = 0;
    int most = stores.size();
    UnitContent content = new UnitContent();
    try (Access access = copy.region().acquire()) {
      for (int unit = 0; unit < model.units(); unit++) {
        long offset = (long) unit * model.unitBytes();
        long version = UnitContent.version(access.segment(), offset);
        Integer place = places.get(version);
        String difference =
            content.difference(
                access.segment(),
                offset,
                model.unitBytes(),
                model.contentKey(),
                unit,
                place == null ? before[unit] : version);
        if (difference != null) {
          throw new LostBytesException(
              "snapshot of " + copy + ", unit " + unit + ": " + difference);
        }
        least = Math.max(least, place == null ? 0 : place + 1);
        most = Math.min(most, place == null ? first[unit] : next[place]);
      }
    }
    if (least > most) {
      throw new LostBytesException(
          String.format(
              Locale.ROOT,
              "snapshot of %s is of no moment: it has store %d, and not store %d, of %d",
              copy,
              least,
              most + 1,
              stores.size()));
    }
  }

  /**
   * How many stores come before the next one to the same unit, and before the first one to each.
   */
  private static void linkStores(List<Load.Store> stores, int[] next, int[] first) {
    Arrays.fill(first, stores.size());
    for (int place = stores.size() - 1; place >= 0; place--) {
      int unit = stores.get(place).unit();
      next[place] = first[unit];
      first[unit] = place;
    }
  }
}
