/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told when the use of a limit comes near it, so that a program can shrink before it is refused or
 * killed. In an OSGi container register it as a service, with its level under {@value #LEVEL} if
 * that is to be another one; without, by {@link ResourceLimits#listen}.
 *
 * <p><b>Threads.</b> Called on a thread of its own, for one event after the other; it may allocate,
 * resize and close regions. While it works, later events of one limit replace each other. What it
 * throws is logged. Neither that nor a listener that blocks keeps anything from others.
 */
@ConsumerType
@FunctionalInterface
public interface ResourceListener {
  /** Service property with the level in percent, an Integer from 1 to 100. */
  String LEVEL = "dmalloc.limits.percent";

  /** The level where none is given. */
  int DEFAULT_LEVEL = 80;

  /** A use has crossed the level; told once for each time. */
  void crossed(ResourceEvent event);
}
