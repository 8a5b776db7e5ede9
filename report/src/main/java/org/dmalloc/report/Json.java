/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import com.google.gson.ExclusionStrategy;
import com.google.gson.FieldAttributes;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.dmalloc.api.GrowthListener;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.Nullable;

/**
 * Values as JSON: records are objects with their components in order, collections arrays. Absent
 * values, limits that are none, and numbers that are not finite or not known are null; paths, times
 * and durations are strings.
 */
public final class Json {
  private static final JsonSerializer<Object> AS_STRING =
      (value, type, context) -> new JsonPrimitive(value.toString());
  private static final JsonSerializer<Double> IF_FINITE =
      (value, type, context) ->
          Double.isFinite(value) ? new JsonPrimitive(value) : JsonNull.INSTANCE;
  private static final JsonSerializer<Optional<?>> IF_PRESENT =
      (value, type, context) -> context.serialize(value.orElse(null));
  private static final JsonSerializer<OptionalDouble> DOUBLE_IF_PRESENT =
      (value, type, context) -> context.serialize(value.orElse(Double.NaN), double.class);
  private static final JsonSerializer<OptionalLong> LONG_IF_PRESENT =
      (value, type, context) ->
          value.isPresent() ? new JsonPrimitive(value.getAsLong()) : JsonNull.INSTANCE;

  /** The number that the API has for no limit, and which means something else to other readers. */
  private static final JsonSerializer<Long> IF_LIMITED =
      (value, type, context) ->
          value == Long.MAX_VALUE ? JsonNull.INSTANCE : new JsonPrimitive(value);

  /** Code of somebody's, whose fields are nobody's business and may not be readable. */
  private static final ExclusionStrategy LISTENERS =
      new ExclusionStrategy() {
        @Override
        public boolean shouldSkipField(FieldAttributes field) {
          return false;
        }

        @Override
        public boolean shouldSkipClass(Class<?> type) {
          return GrowthListener.class.isAssignableFrom(type)
              || ProgressListener.class.isAssignableFrom(type);
        }
      };

  private static final Gson GSON =
      new GsonBuilder()
          .setPrettyPrinting()
          .serializeNulls()
          .disableHtmlEscaping()
          .registerTypeHierarchyAdapter(Path.class, AS_STRING)
          .registerTypeHierarchyAdapter(TemporalAccessor.class, AS_STRING)
          .registerTypeHierarchyAdapter(TemporalAmount.class, AS_STRING)
          .registerTypeHierarchyAdapter(Optional.class, IF_PRESENT)
          .setExclusionStrategies(LISTENERS)
          .registerTypeAdapterFactory(new UnknownCounts())
          .registerTypeAdapter(Long.class, IF_LIMITED)
          .registerTypeAdapter(long.class, IF_LIMITED)
          .registerTypeAdapter(OptionalDouble.class, DOUBLE_IF_PRESENT)
          .registerTypeAdapter(OptionalLong.class, LONG_IF_PRESENT)
          .registerTypeAdapter(Double.class, IF_FINITE)
          .registerTypeAdapter(double.class, IF_FINITE)
          .create();

  private Json() {}

  /**
   * The text of a value, indented. Names and paths are escaped further than JSON requires, because
   * a terminal may show this.
   */
  public static String print(@Nullable Object value) {
    return VisibleText.ofLines(GSON.toJson(value));
  }

  /** A value as a tree that can be extended. */
  public static JsonElement tree(@Nullable Object value) {
    return GSON.toJsonTree(value);
  }

  /** An object that begins with the schema's name, followed by the fields of a record. */
  public static JsonObject form(String schema, Record fields) {
    JsonObject root = new JsonObject();
    root.addProperty("schema", schema);
    addFields(root, fields);
    return root;
  }

  /**
   * Reads a record from a file of {@link #form}.
   *
   * @param format the version of the form, its field {@code format}
   * @param writer names the command that writes such files, in messages
   * @throws IOException if the file cannot be read or has another schema or format
   */
  public static <T extends Record> T read(
      Path file, String schema, int format, Class<T> type, String writer) throws IOException {
    if (Files.isDirectory(file)) {
      throw new FileSystemException(file.toString(), null, "a directory; give a file");
    }
    String otherwise = "; give a file that " + writer + " wrote";
    try {
      JsonObject root = GSON.fromJson(Files.readString(file), JsonObject.class);
      if (root == null || !root.has("schema") || !root.get("schema").getAsString().equals(schema)) {
        throw new IOException(file + " holds no comparison" + otherwise);
      }
      int found = root.get("format").getAsInt();
      if (found != format) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s has format %d, and this version reads %d; compare again",
                file,
                found,
                format));
      }
      return GSON.fromJson(root, type);
    } catch (JsonParseException
        | IllegalStateException
        | NullPointerException
        | MalformedInputException e) {
      throw new IOException(
          file + " holds no comparison, or a damaged one (" + e.getMessage() + ")" + otherwise, e);
    }
  }

  public static void addFields(JsonObject object, Record fields) {
    tree(fields).getAsJsonObject().entrySet().forEach(e -> object.add(e.getKey(), e.getValue()));
  }
}
