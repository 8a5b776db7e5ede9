/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The suite in programs without OSGi: {@link org.dmalloc.api.standalone.Dmalloc} starts the
 * providers whose jars are on the class path or on the module path.
 *
 * {@snippet class="org.dmalloc.api.examples.StandaloneExamples" region="standalone"}
 *
 * <p>In an OSGi container nothing of this is needed: backends register {@link
 * org.dmalloc.api.MemoryProvider} as a service, and Configuration Admin configures them.
 *
 * <p>Backends register a {@link org.dmalloc.api.standalone.StandaloneBackend} with {@link
 * java.util.ServiceLoader}.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.api.standalone;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
