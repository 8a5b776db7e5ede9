/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
import com.google.gson.TypeAdapter;
import com.google.gson.TypeAdapterFactory;
import com.google.gson.reflect.TypeToken;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Residency;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;

/** Writes null for the counts of bytes that the API says are not known, by −1. */
final class UnknownCounts implements TypeAdapterFactory {
  private static final Set<Class<?>> RECORDS = Set.of(Residency.class, StoredRegion.class);
  private static final JsonElement UNKNOWN = new JsonPrimitive(Residency.UNKNOWN);

  @Override
  public <T> @Nullable TypeAdapter<T> create(Gson gson, TypeToken<T> type) {
    return RECORDS.contains(type.getRawType())
        ? new KnownCounts<>(gson, gson.getDelegateAdapter(this, type))
        : null;
  }

  private static final class KnownCounts<T> extends TypeAdapter<T> {
    private final Gson gson;
    private final TypeAdapter<T> plain;

    KnownCounts(Gson gson, TypeAdapter<T> plain) {
      this.gson = gson;
      this.plain = plain;
    }

    @Override
    public void write(JsonWriter out, @Nullable T value) throws IOException {
      JsonElement tree = plain.toJsonTree(value);
      if (tree.isJsonObject()) {
        for (Map.Entry<String, JsonElement> field : tree.getAsJsonObject().entrySet()) {
          if (field.getValue().equals(UNKNOWN)) {
            field.setValue(JsonNull.INSTANCE);
          }
        }
      }
      gson.toJson(tree, out);
    }

    @Override
    public @Nullable T read(JsonReader in) throws IOException {
      return plain.read(in);
    }
  }
}
