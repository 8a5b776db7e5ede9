/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.spi.checkpoint.Journal;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.spi.store.SpaceReserver;
import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The provider contract. */
final class FileChannelProviderTest extends MemoryProviderContract {
  @Override
  protected ProviderFixture fixture() {
    return new FileChannelFixture();
  }

  @Test
  void hasExactlyTheseCapabilities(@TempDir Path directory) throws Exception {
    MemoryProvider provider = fixture().start(ProviderSettings.in(directory));
    assertEquals(
        EnumSet.of(
            Capability.NAMED,
            Capability.READ_ONLY,
            Capability.SHARED_MAPPING,
            Capability.PRIVATE_MAPPING,
            Capability.SPARSE,
            Capability.DIRECTORY,
            Capability.FORCE,
            Capability.PREFAULT,
            Capability.PREFETCH,
            Capability.RESIDENCY,
            Capability.RESIZE,
            Capability.GROW_IN_PLACE,
            Capability.PROCESS_SHARED),
        provider.capabilities());
    assertEquals(Set.of(), provider.supportedAdvice());
    assertEquals("filechannel", provider.name());
  }

  @Test
  void refusesACheckpointedRegionBeforeItTouchesAnything(@TempDir Path directory) throws Exception {
    MemoryProvider provider = fixture().start(ProviderSettings.in(directory));
    RegionStore store = RegionStore.open(directory);
    Path file = store.path("r");
    try (Journal journal = Journal.create(directory, "", "a test")) {
      store.create("r", 4096, Reservation.SPARSE, SpaceReserver.SPARSE, journal, "a test").close();
    }
    byte[] before = Files.readAllBytes(file);
    Object time = Files.getLastModifiedTime(file);
    for (OpenRequest request :
        List.of(OpenRequest.of("r"), OpenRequest.of("r").withAccess(AccessMode.READ_ONLY))) {
      UnsupportedCapabilityException refused =
          assertThrows(UnsupportedCapabilityException.class, () -> provider.open(request));
      assertEquals(Capability.CHECKPOINT, refused.capability());
    }
    assertArrayEquals(before, Files.readAllBytes(file));
    assertEquals(time, Files.getLastModifiedTime(file));
  }

  @Test
  void theComponentsDescriptionSaysWhatIsKnownBeforehand(@TempDir Path directory) throws Exception {
    String component = "/OSGI-INF/" + FileChannelProvider.class.getName() + ".xml";
    Element root;
    try (InputStream xml = Objects.requireNonNull(getClass().getResourceAsStream(component))) {
      root =
          DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(xml).getDocumentElement();
    }
    Map<String, String> properties = new HashMap<>();
    NodeList elements = root.getElementsByTagName("property");
    for (int i = 0; i < elements.getLength(); i++) {
      Element property = (Element) elements.item(i);
      String value = property.getAttribute("value");
      properties.put(
          property.getAttribute("name"),
          value.isEmpty() ? property.getTextContent().strip() : value);
    }
    MemoryProvider provider = fixture().start(ProviderSettings.in(directory));
    assertEquals("NAMED", properties.get(MemoryProvider.CAPABILITY), "what is known beforehand");
    assertEquals(provider.name(), properties.get(MemoryProvider.BACKEND));
    assertEquals("10", properties.get("service.ranking"));
  }
}
