/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands before a service and spoils what it does, a connection for each request. It lets one write
 * through at a time: S3Proxy looks at a condition, and writes after that.
 */
final class FaultProxy implements AutoCloseable {
  /** What becomes of a request. */
  enum Fault {
    /** It goes to the service, and the answer back. */
    NONE,
    /** The connection ends; the service does not hear of it. */
    DROPPED,
    /** The service does not hear of it, and HTTP 500 is the answer. */
    ERROR,
    /** The same with HTTP 503. */
    BUSY,
    /** The same with HTTP 412. */
    CONDITION,
    /** The service does it; the connection ends without an answer. */
    ANSWER_LOST,
    /** The service does it; the connection ends somewhere in the answer. */
    ANSWER_CUT,
    /** Nobody hears of it, and there is no answer. */
    SILENCE,
    /** The service does not hear of it; the answer is success. */
    LIE
  }

  /** A request as it came. */
  record Request(String method, String path, Map<String, String> headers) {
    boolean isWrite() {
      return method.equals("PUT");
    }

    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  /** Chooses the fault for a request. */
  @FunctionalInterface
  interface Faults {
    Fault of(Request request);
  }

  private final InetSocketAddress service;
  private final int port;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Object writing = new Object();
  private final AtomicInteger requests = new AtomicInteger();
  private ServerSocket server;
  private Thread accepting;

  volatile Faults faults = request -> Fault.NONE;

  private FaultProxy(InetSocketAddress service, ServerSocket server) {
    this.service = service;
    this.server = server;
    this.port = server.getLocalPort();
  }

  static FaultProxy before(InetSocketAddress service) throws IOException {
    FaultProxy proxy =
        new FaultProxy(service, new ServerSocket(0, 100, InetAddress.getLoopbackAddress()));
    proxy.accept();
    return proxy;
  }

  String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  /** How many requests came. */
  int requests() {
    return requests.get();
  }

  /** Ends all connections, and takes no more. */
  synchronized void stop() throws IOException {
    server.close();
    try {
      accepting.join(); // the socket is closed when nobody waits on it
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the proxy stops");
    }
    for (Socket socket : open) {
      socket.close();
    }
  }

  /** Takes connections again, by the same port. */
  synchronized void start() throws IOException {
    ServerSocket again = new ServerSocket();
    again.setReuseAddress(true);
    again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
    server = again;
    accept();
  }

  @Override
  public void close() throws IOException {
    stop();
  }

  private void accept() {
    ServerSocket from = server;
    accepting =
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!from.isClosed()) {
                    try {
                      Socket socket = from.accept();
                      open.add(socket);
                      Thread.ofVirtual().start(() -> serve(socket));
                    } catch (IOException e) {
                      return; // stopped
                    }
                  }
                });
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      List<String> head = readHead(in);
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (String line : head.subList(1, head.size())) {
        int colon = line.indexOf(':');
        headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
      String[] first = head.getFirst().split(" ", -1);
      Request request = new Request(first[0], first[1], headers);
      requests.incrementAndGet();
      if (request.header("Expect").equalsIgnoreCase("100-continue")) {
        write(out, "HTTP/1.1 100 Continue\r\n\r\n");
      }
      byte[] body = in.readNBytes(Integer.parseInt("0" + request.header("Content-Length")));
      answer(request, head, body, in, out);
    } catch (IOException e) {
      // The client or the service has ended the connection, as it may.
    } finally {
      open.remove(socket);
    }
  }

  private void answer(
      Request request, List<String> head, byte[] body, InputStream in, OutputStream out)
      throws IOException {
    switch (faults.of(request)) {
      case NONE -> out.write(forward(request, head, body));
      case DROPPED -> {}
      case ERROR -> error(out, "500 Internal Server Error", "InternalError");
      case BUSY -> error(out, "503 Slow Down", "SlowDown");
      case CONDITION -> error(out, "412 Precondition Failed", "PreconditionFailed");
      case ANSWER_LOST -> forward(request, head, body);
      case ANSWER_CUT -> {
        byte[] answer = forward(request, head, body);
        out.write(answer, 0, ThreadLocalRandom.current().nextInt(answer.length));
      }
      case SILENCE -> in.transferTo(OutputStream.nullOutputStream()); // until the client gives up
      case LIE ->
          write(
              out,
              String.join(
                  "\r\n",
                  "HTTP/1.1 200 OK",
                  "ETag: \"0123456789abcdef0123456789abcdef\"",
                  "Content-Length: 0",
                  "Connection: close",
                  "",
                  ""));
    }
    out.flush();
  }

  private static void error(OutputStream out, String status, String code) throws IOException {
    String body = "<Error><Code>" + code + "</Code><Message>by the test</Message></Error>";
    write(
        out,
        String.join(
            "\r\n",
            "HTTP/1.1 " + status,
            "Content-Type: application/xml",
            "Content-Length: " + body.length(),
            "Connection: close",
            "",
            body));
  }

  private byte[] forward(Request request, List<String> head, byte[] body) throws IOException {
    if (request.isWrite()) {
      synchronized (writing) {
        return exchange(head, body);
      }
    }
    return exchange(head, body);
  }

  private byte[] exchange(List<String> head, byte[] body) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(service, 10_000);
      OutputStream out = socket.getOutputStream();
      StringBuilder lines = new StringBuilder();
      for (String line : head) {
        String lower = line.toLowerCase(Locale.ROOT);
        if (!lower.startsWith("connection:") && !lower.startsWith("expect:")) {
          lines.append(line).append("\r\n");
        }
      }
      write(out, lines + "Connection: close\r\n\r\n");
      out.write(body);
      out.flush();
      return socket.getInputStream().readAllBytes();
    }
  }

  private static List<String> readHead(InputStream in) throws IOException {
    List<String> lines = new ArrayList<>();
    while (true) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int next = in.read(); next != '\n'; next = in.read()) {
        if (next < 0) {
          throw new EOFException();
        }
        if (next != '\r') {
          line.write(next);
        }
      }
      if (line.size() == 0) {
        return lines;
      }
      lines.add(line.toString(StandardCharsets.ISO_8859_1));
    }
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }
}
