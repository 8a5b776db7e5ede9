/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Memory with no file behind it, which swap backs: private anonymous, memfd and {@code /dev/zero}.
 *
 * <p>Three providers over one class: {@link org.dmalloc.backend.anon.PrivateMemoryProvider}, {@link
 * org.dmalloc.backend.anon.MemfdProvider} and {@link org.dmalloc.backend.anon.ZeroDeviceProvider}.
 * They differ in {@link org.dmalloc.backend.anon.MemorySource} alone. {@code
 * docs/anonymous-memory.md} is the guide for users.
 *
 * <p>Nothing is exported: the providers are found as services.
 */
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"org.dmalloc.api.MemoryProvider\"",
    uses = MemoryProvider.class,
    effective = "active")
@NullMarked
package org.dmalloc.backend.anon;

import org.dmalloc.api.MemoryProvider;
import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Capability;
