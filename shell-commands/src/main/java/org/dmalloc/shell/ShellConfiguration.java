/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** What can be configured; {@link SwitchedOff} reads it. */
@ObjectClassDefinition(name = "dmalloc: shell")
@interface ShellConfiguration {
  @AttributeDefinition(
      name = "Commands that are switched off",
      description =
          "READ (those that show or copy the bytes of regions), WRITE (that change what is there),"
              + " DELETE (that end it), and names such as fill or heap free.",
      required = false,
      cardinality = 100)
  String[] commands_off() default {};
}
