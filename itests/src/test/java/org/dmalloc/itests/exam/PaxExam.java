/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests.exam;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs the tests of a class, nested ones included, inside the framework that its method with Pax
 * Exam's {@code @Configuration} describes. Fields with {@code javax.inject.Inject} are injected
 * there.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Inherited
@ExtendWith(PaxExamExtension.class)
public @interface PaxExam {}
