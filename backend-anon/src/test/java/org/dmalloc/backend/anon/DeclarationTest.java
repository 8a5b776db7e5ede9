/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.linux.Mapping;
import org.dmalloc.spi.region.ConfigurationReader;
import org.dmalloc.spi.region.RegionQuotas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What the providers declare, to callers and to the framework, is pinned here. */
class DeclarationTest {
  private static final Set<Capability> PRIVATE =
      EnumSet.of(
          Capability.PRIVATE_MAPPING,
          Capability.ADVICE,
          Capability.HUGE_PAGES,
          Capability.PREFAULT,
          Capability.LOCKED,
          Capability.PREFETCH,
          Capability.RESIDENCY,
          Capability.RELEASE,
          Capability.PUNCH,
          Capability.RESIDENT_BUDGET,
          Capability.RESIZE,
          Capability.GROW_IN_PLACE,
          Capability.SWAP_POLICY,
          Capability.DIRTY_TRACKING);

  private static final Set<Capability> SHARED =
      EnumSet.of(
          Capability.SHARED_MAPPING,
          Capability.ADVICE,
          Capability.HUGE_PAGES,
          Capability.PREFAULT,
          Capability.LOCKED,
          Capability.PREFETCH,
          Capability.RESIDENCY,
          Capability.RELEASE,
          Capability.PUNCH,
          Capability.RESIDENT_BUDGET,
          Capability.RESIZE,
          Capability.GROW_IN_PLACE,
          Capability.SWAP_POLICY,
          Capability.DIRTY_TRACKING);

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void capabilitiesAreExactlyThese(MemorySource source) {
    Set<Capability> expected = declared(source);
    if (!Mapping.tracksWrites()) {
      expected.remove(Capability.DIRTY_TRACKING); // declared where the kernel lets it work
    }
    assertEquals(expected, SourceFixture.start(source).capabilities());
  }

  private static Set<Capability> declared(MemorySource source) {
    Set<Capability> declared = EnumSet.copyOf(source == MemorySource.PRIVATE ? PRIVATE : SHARED);
    if (source == MemorySource.MEMFD) {
      declared.add(Capability.PROCESS_SHARED);
    }
    if (source == MemorySource.ZERO) {
      declared.remove(Capability.RESIDENT_BUDGET);
    }
    return declared;
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void adviceIsExactlyThis(MemorySource source) {
    Set<Advice> expected =
        source == MemorySource.PRIVATE
            ? EnumSet.complementOf(EnumSet.of(Advice.DONT_NEED))
            : EnumSet.allOf(Advice.class);
    assertEquals(expected, SourceFixture.start(source).supportedAdvice());
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void theComponentIsDescribed(MemorySource source) throws Exception {
    Class<?> type = SourceFixture.start(source).getClass();
    Element component = component(type);
    Map<String, List<String>> properties =
        elements(component, "property").stream()
            .collect(Collectors.toMap(e -> e.getAttribute("name"), DeclarationTest::values));
    assertEquals(
        List.of(SourceFixture.name(source)), properties.get(MemoryProvider.BACKEND), "name");
    assertEquals(null, properties.get(MemoryProvider.CAPABILITY), "known at the start");
    assertEquals("register", component.getAttribute("activate"));
    assertEquals(List.of(ranking(source)), properties.get("service.ranking"));
    assertEquals(pid(source), component.getAttribute("configuration-pid"));
    assertEquals("true", component.getAttribute("immediate"));
    assertEquals("deactivate", component.getAttribute("deactivate"));
  }

  private static String ranking(MemorySource source) {
    return switch (source) {
      case PRIVATE -> "0";
      case MEMFD -> "-1";
      case ZERO -> "-2";
    };
  }

  private static String pid(MemorySource source) {
    return switch (source) {
      case PRIVATE -> "org.dmalloc.backend.anon";
      case MEMFD -> "org.dmalloc.backend.anon.memfd";
      case ZERO -> "org.dmalloc.backend.anon.zero";
    };
  }

  @Test
  void everyPidHasItsDescription() throws Exception {
    Set<String> pids = new TreeSet<>();
    Set<String> keys = new TreeSet<>();
    for (MemorySource source : MemorySource.values()) {
      pids.add(pid(source));
    }
    Element description =
        parse("/OSGI-INF/metatype/" + AnonymousConfiguration.class.getName() + ".xml");
    assertEquals(
        pids,
        elements(description, "Designate").stream()
            .map(e -> e.getAttribute("pid"))
            .collect(Collectors.toCollection(TreeSet::new)));
    elements(description, "AD").forEach(e -> keys.add(e.getAttribute("id")));
    assertEquals(
        new TreeSet<>(
            List.of(
                MemoryProvider.BACKEND,
                ConfigurationReader.LIMIT,
                RegionQuotas.LIMIT_REGIONS,
                "owner.limit.bytes",
                "owner.limit.regions",
                "owner.limits",
                AnonymousSettings.POLICIES,
                ConfigurationReader.SECTION_TIMEOUT,
                AnonymousSettings.MEMORY_CHECK,
                "service.ranking")),
        keys);
  }

  @Test
  void describedDefaultsAreTheRealOnes() throws Exception {
    AnonymousSettings defaults = AnonymousSettings.defaults("x");
    Map<String, String> described =
        elements(
                parse("/OSGI-INF/metatype/" + AnonymousConfiguration.class.getName() + ".xml"),
                "AD")
            .stream()
            .collect(Collectors.toMap(e -> e.getAttribute("id"), e -> e.getAttribute("default")));
    assertEquals(
        String.valueOf(defaults.sectionTimeout().toMillis()),
        described.get(ConfigurationReader.SECTION_TIMEOUT));
    assertEquals(defaults.memoryCheck().name(), described.get(AnonymousSettings.MEMORY_CHECK));
    assertTrue(defaults.policies().isEmpty());
  }

  private static Element component(Class<?> type) throws Exception {
    return parse("/OSGI-INF/" + type.getName() + ".xml");
  }

  private static Element parse(String resource) throws Exception {
    try (var in = DeclarationTest.class.getResourceAsStream(resource)) {
      assertTrue(in != null, "no " + resource);
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(in)
          .getDocumentElement();
    }
  }

  private static List<Element> elements(Element root, String name) {
    NodeList all = root.getElementsByTagName("*");
    return Stream.iterate(0, i -> i < all.getLength(), i -> i + 1)
        .map(i -> (Element) all.item(i))
        .filter(e -> e.getTagName().equals(name) || e.getTagName().endsWith(":" + name))
        .toList();
  }

  private static List<String> values(Element property) {
    return property.hasAttribute("value")
        ? List.of(property.getAttribute("value"))
        : Arrays.stream(property.getTextContent().split("\n", -1))
            .map(String::strip)
            .filter(s -> !s.isEmpty())
            .toList();
  }
}
