/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.HashMap;
import java.util.Map;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.MoveResult;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;

/**
 * Posts moves to EventAdmin, where there is one: topics {@code org/dmalloc/move/STARTED}, {@code
 * FINISHED} and {@code FAILED}, with {@code region.id}, {@code from} and {@code to}; a finished
 * move also has {@code bytes}, {@code passes}, {@code pause.nanos}, {@code elapsed.nanos} and
 * {@code method}, a failed one {@code reason}.
 */
@Component
public final class MoveEvents implements MoveListener {
  private static final String TOPIC = "org/dmalloc/move/";

  private final EventAdmin events;

  /** Made by the component runtime. */
  @Activate
  public MoveEvents(@Reference EventAdmin events) {
    this.events = events;
  }

  @Override
  public void started(long regionId, String from, String to) {
    post("STARTED", properties(regionId, from, to));
  }

  @Override
  public void finished(MoveResult result) {
    Map<String, Object> properties = properties(result.regionId(), result.from(), result.to());
    properties.put("bytes", result.copiedBytes());
    properties.put("passes", result.passes());
    properties.put("pause.nanos", result.pauseNanos());
    properties.put("elapsed.nanos", result.elapsedNanos());
    properties.put("method", result.methodInAWord());
    post("FINISHED", properties);
  }

  @Override
  public void failed(long regionId, String from, String to, String reason) {
    Map<String, Object> properties = properties(regionId, from, to);
    properties.put("reason", reason);
    post("FAILED", properties);
  }

  private void post(String topic, Map<String, Object> properties) {
    events.postEvent(new Event(TOPIC + topic, properties));
  }

  private static Map<String, Object> properties(long regionId, String from, String to) {
    Map<String, Object> properties = new HashMap<>();
    properties.put("region.id", regionId);
    properties.put("from", from);
    properties.put("to", to);
    return properties;
  }
}
