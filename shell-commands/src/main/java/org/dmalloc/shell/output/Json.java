/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.Nullable;

/**
 * A result as JSON. Records are objects with their components in order, collections arrays; an
 * absent value is null; enums, paths, times and all else are strings, in which what cannot be seen
 * is escaped, as JSON has it.
 *
 * @param value what to write
 */
public record Json(@Nullable Object value) implements Printable {
  @Override
  public String text() {
    StringBuilder out = new StringBuilder();
    write(value, out, "\n");
    return out.toString();
  }

  @Override
  public String line() {
    return text();
  }

  @Override
  public String toString() {
    return text();
  }

  private static void write(@Nullable Object value, StringBuilder out, String newline) {
    switch (value) {
      case null -> out.append("null");
      case Optional<?> o -> write(o.orElse(null), out, newline);
      case Double d -> out.append(Double.isFinite(d) ? d.toString() : "null");
      case Number n -> out.append(n);
      case Boolean b -> out.append(b);
      case Map<?, ?> map -> writeMap(map, out, newline);
      // A path is iterable, a listing a collection: the order of these cases matters.
      case Collection<?> items -> writeArray(items, out, newline);
      case Record fields -> writeRecord(fields, out, newline);
      default -> quote(value.toString(), out);
    }
  }

  private static void writeArray(Collection<?> items, StringBuilder out, String newline) {
    boolean flat = items.stream().noneMatch(i -> i instanceof Record || i instanceof Map);
    String inner = newline + "  ";
    String separator = "";
    out.append('[');
    for (Object item : items) {
      out.append(separator).append(flat ? "" : inner);
      write(item, out, inner);
      separator = flat ? ", " : ",";
    }
    out.append(flat || items.isEmpty() ? "" : newline).append(']');
  }

  private static void writeMap(Map<?, ?> map, StringBuilder out, String newline) {
    String inner = newline + "  ";
    String separator = "";
    out.append('{');
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(separator).append(inner);
      quote(String.valueOf(entry.getKey()), out);
      out.append(": ");
      write(entry.getValue(), out, inner);
      separator = ",";
    }
    out.append(map.isEmpty() ? "" : newline).append('}');
  }

  private static void writeRecord(Record fields, StringBuilder out, String newline) {
    String inner = newline + "  ";
    String separator = "";
    out.append('{');
    for (RecordComponent component : fields.getClass().getRecordComponents()) {
      out.append(separator).append(inner);
      quote(component.getName(), out);
      out.append(": ");
      write(read(fields, component), out, inner);
      separator = ",";
    }
    out.append(newline).append('}');
  }

  private static @Nullable Object read(Record fields, RecordComponent component) {
    try {
      return component.getAccessor().invoke(fields);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (Character.isSurrogate(c) || !VisibleText.isVisible(c)) {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
