/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The contract that every {@link org.dmalloc.api.MemoryProvider} must pass, as a JUnit 5 suite.
 *
 * <p>To test a provider, implement {@link org.dmalloc.testkit.ProviderFixture} in a public class
 * with a public constructor without parameters, and extend {@link
 * org.dmalloc.testkit.MemoryProviderContract}:
 *
 * {@snippet :
 * final class MyProviderContractTest extends MemoryProviderContract {
 *   @Override
 *   protected ProviderFixture fixture() {
 *     return new MyFixture();
 *   }
 * }
 * }
 *
 * <p>A test is skipped for one reason only: the provider does not declare the capability that the
 * test is about. The reason is logged. Each skipped capability is tested to be refused instead.
 *
 * <p>Random tests log their seed; {@code -Ddmalloc.seed=N} runs them again with the same numbers.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.testkit;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
