/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.spi.machine.Setting;

/** The setting, disk or directory that a check examines, for the findings about it. */
record Subject(String check, String name) {
  Subject(String check, Setting setting) {
    this(check, setting.name());
  }

  Finding ok(String value, String effect) {
    return finding(Severity.OK, value, effect, "");
  }

  Finding note(String value, String effect, String command) {
    return finding(Severity.NOTE, value, effect, command);
  }

  Finding warn(String value, String effect, String command) {
    return finding(Severity.WARN, value, effect, command);
  }

  Finding finding(Severity severity, String value, String effect, String command) {
    return new Finding(check, severity, name, value, effect, command);
  }
}
