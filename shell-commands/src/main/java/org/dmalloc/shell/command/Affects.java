/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On the method of a command that has {@linkplain Effect effects}; the others only list. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Affects {
  Effect[] value();
}
