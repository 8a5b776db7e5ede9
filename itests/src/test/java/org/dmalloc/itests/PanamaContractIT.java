/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import org.dmalloc.itests.exam.PaxExam;
import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/** The contract, kept by files mapped by mmap(2) as a service in Felix. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class PanamaContractIT extends MemoryProviderContract {
  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @Override
  protected ProviderFixture fixture() {
    return new ServiceFixture("org.dmalloc.backend.panama");
  }
}
