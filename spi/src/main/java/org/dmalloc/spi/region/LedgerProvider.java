/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.BackingProvider;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Deactivate;

/**
 * What a provider answers from its {@link RegionLedger}, and the life of a component that is one:
 * it registers itself when it is activated, and stops when it is deactivated.
 *
 * <p>The bundle of a component needs {@code -dsannotations-options: inherit} in its {@code
 * bnd.bnd}, so that bnd finds the two methods here.
 */
public abstract class LedgerProvider implements BackingProvider {
  /** The provider's books. */
  protected final RegionLedger ledger;

  private @Nullable ProviderService service;

  /** A provider that keeps these books. */
  @SuppressWarnings("this-escape") // kept, and not called before there is a region
  protected LedgerProvider(RegionLedger ledger) {
    this.ledger = ledger;
    ledger.providedBy(this);
  }

  /** Registers the provider with the component's properties; see {@link ProviderService}. */
  @Activate
  protected void register(BundleContext context, Map<String, Object> properties) {
    service = new ProviderService(this, this::stop);
    service.register(context, properties);
  }

  /** Takes the service away and stops the provider. */
  @Deactivate
  protected void deactivate(BundleContext context) {
    if (service != null) {
      service.end(context);
    }
  }

  /** None: without a store. */
  @Override
  public List<StoredRegion> stored(@Nullable Path directory) throws MemoryException {
    return List.of();
  }

  /** Refuses new calls from now on; open regions stay usable until their owners close them. */
  public void stop() {
    ledger.stop();
  }

  @Override
  public final String name() {
    return ledger.backend();
  }

  @Override
  public final Set<Capability> capabilities() {
    return ledger.capabilities();
  }

  @Override
  public final Set<Advice> supportedAdvice() {
    return ledger.advice();
  }

  @Override
  public List<MemoryRegion> regions() {
    return ledger.regions();
  }

  /** Those of the ledger. */
  @Override
  public List<ResourceUse> limits() {
    return ledger.limits();
  }

  @Override
  public final ProviderStatistics statistics() {
    return ledger.statistics();
  }
}
