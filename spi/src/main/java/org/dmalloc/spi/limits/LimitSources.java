/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.limits;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessUse;

/** Where the uses of limits are read: the kernel's files, and the providers. */
final class LimitSources {
  private static final Logger LOG = System.getLogger(LimitSources.class.getName());

  private final KernelFiles files;
  private final Supplier<? extends Collection<? extends MemoryProvider>> providers;

  /** Providers whose fault was logged, by name. */
  private final Set<String> faulty = ConcurrentHashMap.newKeySet();

  /** What is read at once, and as often as it is cheap. */
  @FunctionalInterface
  interface Source {
    List<ResourceUse> read();
  }

  LimitSources(
      KernelFiles files, Supplier<? extends Collection<? extends MemoryProvider>> providers) {
    this.files = files;
    this.providers = providers;
  }

  /** All sources, for one reader; the cheap ones first. */
  List<Source> all() {
    return List.of(
        new GroupMemory(files)::read,
        () -> one(ProcessUse.memory(files)),
        () -> one(ProcessUse.stalls(files)),
        () -> one(ProcessUse.descriptors(files)),
        () -> one(ProcessUse.openFiles(files)),
        () -> one(ProcessUse.locked(files)),
        () -> one(ProcessUse.addresses(files)),
        () -> one(ProcessUse.mappings(files)),
        this::ofProviders);
  }

  private static List<ResourceUse> one(Optional<ResourceUse> use) {
    return use.stream().toList();
  }

  Collection<? extends MemoryProvider> providers() {
    return providers.get();
  }

  /** What providers tell; two of one store tell of it once. */
  private List<ResourceUse> ofProviders() {
    List<ResourceUse> uses = new ArrayList<>();
    for (MemoryProvider provider : providers()) {
      for (ResourceUse use : limits(provider)) {
        if (uses.stream().noneMatch(known -> UseKey.of(known).equals(UseKey.of(use)))) {
          uses.add(use);
        }
      }
    }
    return uses;
  }

  /** A provider that breaks its contract keeps nobody from the limits of others. */
  private List<ResourceUse> limits(MemoryProvider provider) {
    try {
      return List.copyOf(provider.limits());
    } catch (VirtualMachineError e) {
      throw e;
    } catch (RuntimeException | Error e) {
      String name = provider.getClass().getName();
      if (faulty.add(name)) {
        LOG.log(Level.WARNING, "limits() of provider " + name + " failed, and is left out", e);
      }
      return List.of();
    }
  }

  /** The memory of control groups; full at a look before which the OOM killer was called. */
  private static final class GroupMemory {
    private final KernelFiles files;
    private OptionalLong outOfMemory;

    GroupMemory(KernelFiles files) {
      this.files = files;
      this.outOfMemory = ProcessUse.outOfMemory(files);
    }

    List<ResourceUse> read() {
      OptionalLong now = ProcessUse.outOfMemory(files);
      boolean ran =
          now.isPresent() && outOfMemory.isPresent() && now.getAsLong() > outOfMemory.getAsLong();
      outOfMemory = now;
      return ProcessUse.groups(files).stream().map(use -> ran ? full(use) : use).toList();
    }

    private static ResourceUse full(ResourceUse use) {
      return new ResourceUse(
          ResourceKind.GROUP_MEMORY,
          use.subject(),
          null,
          Math.max(use.used(), use.limit()),
          use.limit(),
          use.setting());
    }
  }
}
