/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.cm.ConfigurationAdmin;

/** The commands in a Gogo session, over the real backends. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class ShellIT {
  private static final Pattern REGION = Pattern.compile("region (\\d+)");

  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private CommandSession session;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @BeforeEach
  void openSession() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      new ConfiguredProviders(context).await(backend);
    }
    session = gogo.createSession(InputStream.nullInputStream(), out, out);
  }

  @AfterEach
  void closeSession() throws Exception {
    session.close();
    for (String backend : Backends.PIDS.keySet()) {
      new ConfiguredProviders(context).await(backend).regions().forEach(MemoryRegion::close);
    }
  }

  /** Runs a line as a user types it, and returns what it printed. */
  private String run(String line) throws Exception {
    out.reset();
    Object result = session.execute(line);
    String printed = out.toString(StandardCharsets.UTF_8);
    return result == null
        ? printed
        : printed + session.format(result, org.apache.felix.service.command.Converter.INSPECT);
  }

  private String allocate(String options) throws Exception {
    String printed = run("dmalloc:alloc " + options);
    Matcher region = REGION.matcher(printed);
    assertTrue(region.find(), printed);
    return region.group(1);
  }

  @Test
  void providersAreListed() throws Exception {
    String printed = run("dmalloc:providers");
    for (String backend : Backends.PIDS.keySet()) {
      assertTrue(printed.contains(backend), printed);
    }
    assertTrue(run("dmalloc:providers --json").strip().startsWith("["));
  }

  @Test
  void everyBackendServesTheCommands() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      String id = allocate("64k -b " + backend);
      run("dmalloc:write " + id + " 4000 'hello over the page'");
      String read = run("dmalloc:read " + id + " 4000 19");
      assertTrue(read.contains("hello over"), read);
      assertTrue(run("dmalloc:regions").contains(backend));
      assertTrue(run("dmalloc:info " + id).contains(backend));
      run("dmalloc:free " + id);
      MemoryProvider provider = new ConfiguredProviders(context).await(backend);
      assertEquals(0, provider.statistics().openRegions(), backend);
    }
  }

  @Test
  void regionsGrowInPlaceAndArePunchedOnEveryBackend() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      String id = allocate("8k -b " + backend + " --max 1m --autogrow");
      assertTrue(run("dmalloc:fill " + id).startsWith("filled 8 KiB"), backend);
      assertTrue(
          run("dmalloc:write " + id + " 9000 'past the end'").contains("it has grown to 12 KiB"),
          backend);
      String resized = run("dmalloc:resize " + id + " 1m");
      assertTrue(resized.endsWith("from 12 KiB to 1 MiB, in place"), resized);
      run("dmalloc:length " + id + " 9012");
      run("dmalloc:protect " + id + " ro --offset 4k --length 16");
      String info = run("dmalloc:info " + id);
      assertTrue(info.contains("9012 bytes"), info);
      assertTrue(info.contains("by itself up to 1 MiB"), info);
      assertTrue(info.contains("16 B at 4096"), info);
      assertThrows(Exception.class, () -> run("dmalloc:write " + id + " 4100 x"), backend);
      run("dmalloc:protect " + id + " rw");
      if (new ConfiguredProviders(context)
          .await(backend)
          .capabilities()
          .contains(Capability.PUNCH)) {
        run("dmalloc:punch " + id + " --length 4k --release");
        run("dmalloc:reserve " + id);
        assertTrue(run("dmalloc:read " + id + " 4090 12").endsWith("|......ZZZZZZ|"), backend);
      }
      run("dmalloc:free " + id);
    }
  }

  @Test
  void regionsAreRenamedAndDeletedWhileTheyAreOpen() throws Exception {
    for (String backend : List.of("panama", "filechannel")) {
      String name = "before-" + backend;
      String id = allocate("8k -b " + backend + " -n " + name + " --durable force");
      run("dmalloc:write " + id + " 0 kept");
      run("dmalloc:rename " + name + " after");
      assertTrue(run("dmalloc:flush --names").startsWith("flushed the names of "), backend);
      run("dmalloc:free " + id);
      run("dmalloc:rename after again --durable force");
      String opened = run("dmalloc:open again -b " + backend);
      assertTrue(opened.contains("'again'"), opened);
      assertThrows(Exception.class, () -> run("dmalloc:delete again"), backend);
      run("dmalloc:delete again --open");
      assertFalse(run("dmalloc:stored").contains("again"), backend);
      assertTrue(run("dmalloc:read again 0 4").endsWith("|kept|"), backend);
      assertTrue(run("dmalloc:free -a").contains("not in the store any more"), backend);
    }
  }

  @Test
  void deleteDoesNotGuessWhichOfTwoIsMeant(@TempDir Path elsewhere) throws Exception {
    run("dmalloc:free " + allocate("8k -b panama -n twice"));
    String open = allocate("8k -b panama -n twice -d " + elsewhere);
    Exception refused = assertThrows(Exception.class, () -> run("dmalloc:delete twice"));
    assertTrue(refused.toString().contains("is open in " + elsewhere), refused::toString);
    assertTrue(run("dmalloc:stored").contains("twice"));
    run("dmalloc:free " + open);
    assertTrue(run("dmalloc:delete twice -d " + elsewhere).contains("deleted twice"));
    assertTrue(run("dmalloc:delete twice").contains("deleted twice"));
  }

  @Test
  void commandsFollowBackendsThatComeAndGo() throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    Bundle bundle = providers.references("anon").getFirst().getBundle();
    String id = allocate("4k -b anon");
    run("dmalloc:write " + id + " 0 kept");
    bundle.stop();
    try {
      assertTrue(!run("dmalloc:providers").contains("anon"));
      assertThrows(Exception.class, () -> run("dmalloc:alloc 4k -b anon"));
    } finally {
      bundle.start();
    }
    providers.await("anon");
    assertTrue(run("dmalloc:providers").contains("anon"));
  }

  @Test
  void allocSaysWhichBackendDidNotStart() throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    org.osgi.service.cm.Configuration bad =
        providers
            .service(ConfigurationAdmin.class)
            .createFactoryConfiguration(Backends.PIDS.get("panama"), "?");
    bad.update(
        FrameworkUtil.asDictionary(
            Map.of("dmalloc.backend", "bad", "limit.bytes", "lots", "service.ranking", 1_000_000)));
    try {
      providers.awaitFailure("bad");
      String printed = run("dmalloc:alloc 4k");
      assertTrue(printed.contains("dmalloc: backend bad did not start, and "), printed);
      assertTrue(printed.contains(" was taken in its place: "), printed);
      assertTrue(printed.contains("limit.bytes=lots"), printed);
      assertTrue(printed.contains("region "), printed);
    } finally {
      providers.delete(bad);
      run("dmalloc:free --all");
    }
  }

  @Test
  void mistakesAreOneLineAndLeaveNothing() throws Exception {
    List<String> lines = new ArrayList<>();
    for (String line :
        List.of(
            "dmalloc:alloc",
            "dmalloc:alloc much",
            "dmalloc:alloc 4k -b nowhere",
            "dmalloc:alloc 4k -b anon -n named",
            "dmalloc:open absent",
            "dmalloc:free 999999",
            "dmalloc:read 999999 0 1")) {
      Exception mistake = assertThrows(Exception.class, () -> run(line), line);
      String message = String.valueOf(mistake.getMessage());
      assertEquals(1, message.lines().count(), message);
      lines.add(message);
    }
    assertTrue(lines.get(2).contains("nowhere"), lines.get(2));
    assertTrue(lines.get(4).contains("absent"), lines.get(4));
    for (String backend : Backends.PIDS.keySet()) {
      MemoryProvider provider = new ConfiguredProviders(context).await(backend);
      assertEquals(0, provider.statistics().openRegions(), backend);
    }
  }

  @Test
  void helpComesForEveryCommand() throws Exception {
    String overview = run("dmalloc:help");
    for (String command : List.of("providers", "alloc", "read", "write", "regions", "verify")) {
      assertTrue(overview.contains(command), overview);
      assertTrue(run("dmalloc:" + command + " --help").contains(command));
    }
  }
}
