/* SPDX-License-Identifier: Apache-2.0 */
/**
 * JUnit 5 tests inside an OSGi framework: a bridge to Pax Exam, which itself knows JUnit 4 only,
 * over its public interfaces.
 *
 * <p>A class with {@link org.dmalloc.itests.exam.PaxExam} runs twice at once. Maven's JVM, the
 * <i>host</i>, finds the tests, starts a framework for the class, and in place of running a test
 * method sends its JUnit id through Pax Exam. In the framework the same class, now loaded from the
 * <i>probe</i> bundle that Pax Exam makes of this module's test classes, is run for that id by a
 * JUnit launcher; there everything is as usual: injection, life cycle methods, parameters,
 * temporary directories, assumptions. Failures and assumptions travel back.
 */
@NullMarked
package org.dmalloc.itests.exam;

import org.jspecify.annotations.NullMarked;
