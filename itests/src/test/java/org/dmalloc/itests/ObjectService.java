/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** S3Proxy in a JVM of its own, with one bucket in a directory; ends when it is closed. */
final class ObjectService implements AutoCloseable {
  static final String BUCKET = "shop-backups";
  static final String ACCESS_KEY_ID = "AKIDOFTHECONTAINER";
  static final String SECRET_ACCESS_KEY = "verySecretKeyOfTheContainer";

  /** Names the file with the class path. */
  private static final String CLASS_PATH = "dmalloc.s3proxy";

  private final Process process;
  private final int port;

  private ObjectService(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static ObjectService start(Path directory) throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Files.createDirectories(directory.resolve("buckets").resolve(BUCKET));
    Path properties =
        Files.write(
            directory.resolve("s3proxy.conf"),
            List.of(
                "s3proxy.endpoint=http://127.0.0.1:" + port,
                "s3proxy.authorization=aws-v2-or-v4",
                "s3proxy.identity=" + ACCESS_KEY_ID,
                "s3proxy.credential=" + SECRET_ACCESS_KEY,
                "jclouds.provider=filesystem-nio2",
                "jclouds.filesystem.basedir=" + directory.resolve("buckets"),
                "jclouds.identity=none",
                "jclouds.credential=none"));
    Path classPath =
        Path.of(
            Objects.requireNonNull(
                System.getProperty(CLASS_PATH), "run by Maven, which sets " + CLASS_PATH));
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                Files.readString(classPath).strip(),
                "org.gaul.s3proxy.Main",
                "--properties",
                properties.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    ObjectService service = new ObjectService(process, port);
    ConfiguredProviders.until(() -> "S3Proxy to start", service::answers);
    return service;
  }

  private boolean answers() throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      if (!process.isAlive()) {
        throw new IOException("S3Proxy has ended with " + process.exitValue(), e);
      }
      return false;
    }
  }

  String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
