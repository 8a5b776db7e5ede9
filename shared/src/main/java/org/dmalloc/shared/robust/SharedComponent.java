/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.BundleClasses;
import org.dmalloc.shared.LockState;
import org.dmalloc.shared.MessageRing;
import org.dmalloc.shared.RobustLock;
import org.dmalloc.shared.RobustReadWriteLock;
import org.dmalloc.shared.SharedMemoryService;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * {@link SharedRegions} as a service. Locks that are open when it stops go on: they get all classes
 * that they may need later.
 */
@Component
public final class SharedComponent implements SharedMemoryService {
  private final SharedRegions regions = new SharedRegions();

  /** Made by the component runtime. */
  public SharedComponent() {}

  @Deactivate
  void deactivate(BundleContext context) {
    BundleClasses.loadAll(context.getBundle());
  }

  @Override
  public RobustLock createLock(MemoryRegion region, long offset) throws MemoryException {
    return regions.createLock(region, offset);
  }

  @Override
  public RobustLock openLock(MemoryRegion region, long offset) throws MemoryException {
    return regions.openLock(region, offset);
  }

  @Override
  public RobustReadWriteLock createReadWriteLock(MemoryRegion region, long offset)
      throws MemoryException {
    return regions.createReadWriteLock(region, offset);
  }

  @Override
  public RobustReadWriteLock openReadWriteLock(MemoryRegion region, long offset)
      throws MemoryException {
    return regions.openReadWriteLock(region, offset);
  }

  @Override
  public MessageRing createRing(MemoryRegion region, long offset, long capacity)
      throws MemoryException {
    return regions.createRing(region, offset, capacity);
  }

  @Override
  public MessageRing openRing(MemoryRegion region, long offset) throws MemoryException {
    return regions.openRing(region, offset);
  }

  @Override
  public void erase(MemoryRegion region, long offset) throws MemoryException {
    regions.erase(region, offset);
  }

  @Override
  public List<LockState> locks(MemoryRegion region, long offset, long length)
      throws MemoryException {
    return regions.locks(region, offset, length);
  }
}
