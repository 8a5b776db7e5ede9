/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.IOException;
import java.net.URI;
import java.util.Collections;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.BackupStoreOpener;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * {@link S3StoreOpener} as a service. It asks Configuration Admin when a store is opened: as
 * properties of a component, credentials would stand in the component runtime's listings.
 */
@Component(configurationPolicy = ConfigurationPolicy.IGNORE)
public final class S3StoreComponent implements BackupStoreOpener {
  private final S3StoreOpener opener = new S3StoreOpener(this::configured, Limits.DEFAULT);

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  private volatile @Nullable ConfigurationAdmin configurationAdmin;

  /** Made by the component runtime. */
  public S3StoreComponent() {}

  @Deactivate
  void deactivate() {
    opener.closeAll();
  }

  @Override
  public String scheme() {
    return opener.scheme();
  }

  @Override
  public BackupStore open(URI location, Map<String, String> options) throws MemoryException {
    return opener.open(location, options);
  }

  private Map<String, Map<String, ?>> configured() throws MemoryException {
    ConfigurationAdmin admin = configurationAdmin;
    Map<String, Map<String, ?>> found = new TreeMap<>();
    if (admin != null) {
      String factory = "(service.factoryPid=" + ConfiguredAccess.PID + ")";
      String single = "(service.pid=" + ConfiguredAccess.PID + ")";
      for (Configuration each : list(admin, "(|" + factory + single + ")")) {
        found.put(each.getPid(), properties(each));
      }
    }
    return found;
  }

  private static Configuration[] list(ConfigurationAdmin admin, String filter)
      throws MemoryException {
    try {
      Configuration[] found = admin.listConfigurations(filter);
      return found == null ? new Configuration[0] : found;
    } catch (IOException e) {
      throw MemoryException.of(
          "open backup store",
          -1,
          ConfiguredAccess.PID,
          "its configurations cannot be read: " + e.getMessage(),
          MemoryException.NO_ERRNO,
          "",
          e);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Object> properties(Configuration configuration) {
    Map<String, Object> properties = new HashMap<>();
    Dictionary<String, Object> given = configuration.getProperties();
    if (given != null) {
      Collections.list(given.keys()).forEach(key -> properties.put(key, given.get(key)));
    }
    return properties;
  }
}
