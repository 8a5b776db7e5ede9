/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.util.List;
import java.util.Optional;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.spi.machine.Setting;

/** Transparent huge pages. */
final class HugePageChecks {
  private HugePageChecks() {}

  /** Whether anonymous memory gets them. */
  static List<Finding> enabled(Patient patient) {
    return of(
        patient,
        "enabled",
        choice ->
            switch (choice) {
              case "never" ->
                  finding(
                      Severity.NOTE,
                      "enabled",
                      choice,
                      "HUGE_PAGES is asked for in vain: anon regions get small pages, at 4 to 7"
                          + " times the cost of a first fill",
                      "echo madvise > " + Setting.hugePages("enabled").path());
              case "always" ->
                  finding(
                      Severity.NOTE,
                      "enabled",
                      choice,
                      "anon regions get huge pages without asking: fast to fill, but 2 MiB are"
                          + " taken, and swapped, for one touched page",
                      "echo madvise > " + Setting.hugePages("enabled").path());
              default ->
                  finding(
                      Severity.OK,
                      "enabled",
                      choice,
                      "anon regions get huge pages where HUGE_PAGES asks for them",
                      "");
            });
  }

  /** Whether a fault waits for a huge page. */
  static List<Finding> defrag(Patient patient) {
    return of(
        patient,
        "defrag",
        choice ->
            choice.equals("always")
                ? finding(
                    Severity.NOTE,
                    "defrag",
                    choice,
                    "a fault may wait while the kernel gathers a huge page: long tails in latency",
                    "echo madvise > " + Setting.hugePages("defrag").path())
                : finding(
                    Severity.OK,
                    "defrag",
                    choice,
                    "a fault waits for a huge page at most where one was asked for",
                    ""));
  }

  /** Whether shared memory without a file gets them. */
  static List<Finding> shmem(Patient patient) {
    return of(
        patient,
        "shmem_enabled",
        choice ->
            switch (choice) {
              case "never", "deny" ->
                  finding(
                      Severity.NOTE,
                      "shmem_enabled",
                      choice,
                      "anon-memfd and anon-zero get small pages even where HUGE_PAGES asks",
                      "echo advise > " + Setting.hugePages("shmem_enabled").path());
              default ->
                  finding(
                      Severity.OK,
                      "shmem_enabled",
                      choice,
                      "anon-memfd and anon-zero can get huge pages",
                      "");
            });
  }

  private interface Judgement {
    Finding of(String choice);
  }

  private static List<Finding> of(Patient patient, String file, Judgement judgement) {
    Optional<String> choice = Setting.hugePages(file).choice(patient.files());
    return choice.map(judgement::of).map(List::of).orElse(List.of());
  }

  private static Finding finding(
      Severity severity, String file, String choice, String effect, String command) {
    return new Finding(
        "huge-pages", severity, Setting.hugePages(file).name(), choice, effect, command);
  }
}
