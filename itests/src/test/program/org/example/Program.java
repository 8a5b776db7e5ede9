package org.example;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.util.Map;
import org.dmalloc.api.*;
import org.dmalloc.api.move.*;
import org.dmalloc.api.standalone.Dmalloc;

public class Program {
  public static void main(String[] args) throws MemoryException {
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", args[0]))) {
      for (int i = 1; i < args.length; i++) {
        MemoryProvider provider = dmalloc.provider(args[i]);
        try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(1 << 20))) {
          store(region, i);
          if (provider.name().equals("managed")) {
            RegionMover mover = dmalloc.mover();
            mover.move(region.id(), args[1], MoveOptions.DEFAULT, ProgressListener.NONE);
            System.out.println("moved to " + mover.managed(region.id()).orElseThrow().backend());
          }
          System.out.println(provider.name() + " has " + load(region));
        }
      }
    }
  }

  static void store(MemoryRegion region, long value) {
    try (Access access = region.acquire()) {
      access.segment().setAtIndex(JAVA_LONG, 1000, value);
    }
  }

  static long load(MemoryRegion region) {
    try (Access access = region.acquire()) {
      return access.segment().getAtIndex(JAVA_LONG, 1000);
    }
  }
}
