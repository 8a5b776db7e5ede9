/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Addresses of regions that are used past their end, in a JVM of its own. */
public final class StrayUse {
  private StrayUse() {}

  /**
   * Fails unless each such use is an {@link InternalError}: small regions and large ones, named and
   * not, also after the provider was stopped.
   *
   * @param fixture a class with a public constructor without parameters
   * @param directory an empty one
   */
  public static void isAnError(Class<? extends ProviderFixture> fixture, Path directory)
      throws Exception {
    Path output = directory.resolve("said.txt");
    List<String> command =
        DoomedJvm.command(StrayUseMain.class, fixture.getName(), directory.toString());
    command.addAll(
        1,
        List.of("-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=" + directory.resolve("crash.txt")));
    Process child =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(
          child.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), () -> "the child hangs");
    } finally {
      child.destroyForcibly().onExit().join();
    }
    assertEquals(0, child.exitValue(), Files.readString(output));
  }
}
