/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.limits;

import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.jspecify.annotations.Nullable;

/** Which limit a use is of. */
record UseKey(ResourceKind kind, String subject, @Nullable String owner) {
  static UseKey of(ResourceUse use) {
    return new UseKey(use.kind(), use.subject(), use.owner());
  }
}
