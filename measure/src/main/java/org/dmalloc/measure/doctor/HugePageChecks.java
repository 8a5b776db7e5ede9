/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.function.BiFunction;
import org.dmalloc.spi.machine.Setting;

final class HugePageChecks {
  private HugePageChecks() {}

  /** Whether anonymous memory gets huge pages. */
  static List<Finding> enabled(MachineView machine) {
    return judge(
        machine,
        "enabled",
        (subject, choice) ->
            switch (choice) {
              case "never" ->
                  subject.note(
                      choice,
                      "HUGE_PAGES has no effect: anon regions get small pages, at 4 to 7 times the cost of a first fill",
                      set("enabled", "madvise"));
              case "always" ->
                  subject.note(
                      choice,
                      "anon regions get huge pages without asking: fast to fill, but 2 MiB are taken, and swapped, for one touched page",
                      set("enabled", "madvise"));
              default ->
                  subject.ok(choice, "anon regions get huge pages where HUGE_PAGES asks for them");
            });
  }

  /** Whether a fault waits for a huge page. */
  static List<Finding> defrag(MachineView machine) {
    return judge(
        machine,
        "defrag",
        (subject, choice) ->
            choice.equals("always")
                ? subject.note(
                    choice,
                    "a fault may wait while the kernel gathers a huge page: long tails in latency",
                    set("defrag", "madvise"))
                : subject.ok(
                    choice, "a fault waits for a huge page at most where one was asked for"));
  }

  /** Whether shared memory without a file gets huge pages. */
  static List<Finding> shmem(MachineView machine) {
    return judge(
        machine,
        "shmem_enabled",
        (subject, choice) ->
            choice.equals("never") || choice.equals("deny")
                ? subject.note(
                    choice,
                    "anon-memfd and anon-zero get small pages even where HUGE_PAGES asks",
                    set("shmem_enabled", "advise"))
                : subject.ok(choice, "anon-memfd and anon-zero can get huge pages"));
  }

  private static String set(String file, String choice) {
    return "echo " + choice + " > " + Setting.hugePages(file).path();
  }

  private static List<Finding> judge(
      MachineView machine, String file, BiFunction<Subject, String, Finding> judgement) {
    Setting setting = Setting.hugePages(file);
    return setting.choice(machine.files()).stream()
        .map(choice -> judgement.apply(new Subject("huge-pages", setting), choice))
        .toList();
  }
}
