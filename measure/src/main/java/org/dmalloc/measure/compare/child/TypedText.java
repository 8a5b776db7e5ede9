/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Configuration values as text that keeps their type, {@code Integer:10}, because a provider may
 * reject {@code "10"} where it expects a number.
 */
public final class TypedText {
  private static final Map<String, Function<String, Object>> TYPES =
      Map.of(
          "String", text -> text,
          "Integer", Integer::valueOf,
          "Long", Long::valueOf,
          "Double", Double::valueOf,
          "Boolean", Boolean::valueOf);

  private TypedText() {}

  /** The text of a value, or of each of many; empty for types that a configuration lacks. */
  public static List<String> of(Object value) {
    return switch (value) {
      case String[] many -> Arrays.stream(many).map(text -> "String[]:" + text).toList();
      case Collection<?> many -> many.stream().map(each -> "String[]:" + each).toList();
      default ->
          TYPES.containsKey(value.getClass().getSimpleName())
              ? List.of(value.getClass().getSimpleName() + ":" + value)
              : List.of();
    };
  }

  /** Converts the texts of {@link #of} back to values, by key. */
  static Map<String, Object> values(Map<String, List<String>> texts) {
    Map<String, Object> values = new HashMap<>();
    texts.forEach((key, text) -> values.put(key, value(text)));
    return values;
  }

  private static Object value(List<String> texts) {
    if (texts.getFirst().startsWith("String[]:")) {
      return texts.stream().map(TypedText::rest).toArray(String[]::new);
    }
    String text = texts.getFirst();
    String rest = rest(text);
    Function<String, Object> type = TYPES.get(text.substring(0, text.indexOf(':')));
    if (type == null) {
      throw new IllegalArgumentException("configuration value '" + text + "' has no type");
    }
    return type.apply(rest);
  }

  private static String rest(String text) {
    return text.substring(text.indexOf(':') + 1);
  }
}
