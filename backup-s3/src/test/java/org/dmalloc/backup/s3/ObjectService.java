/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;

/**
 * S3Proxy in a JVM of its own, in memory, with one bucket; one for all tests of this JVM. With
 * {@code -Ddmalloc.s3.port} another service of this machine in its place, which has the keys.
 */
final class ObjectService {
  static final String BUCKET = "shop-backups";
  static final String ACCESS_KEY_ID = "AKIDOFTHETESTS";
  static final String SECRET_ACCESS_KEY = "verySecretKeyOfTheTests";

  private static final long START_NANOS = 60_000_000_000L;
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static ObjectService shared;

  private final int port;

  private ObjectService(int port) {
    this.port = port;
  }

  /** The service, started by the first who asks, and ended with this JVM. */
  static synchronized ObjectService shared() throws IOException {
    if (shared == null) {
      Integer another = Integer.getInteger("dmalloc.s3.port");
      shared = another == null ? start() : new ObjectService(another);
      try (S3Client client = shared.client()) {
        client.createBucket(request -> request.bucket(BUCKET));
      }
    }
    return shared;
  }

  private static ObjectService start() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path directory = Files.createTempDirectory("dmalloc-s3proxy-");
    Path properties =
        Files.write(
            directory.resolve("s3proxy.conf"),
            List.of(
                "s3proxy.endpoint=http://127.0.0.1:" + port,
                "s3proxy.authorization=aws-v2-or-v4",
                "s3proxy.identity=" + ACCESS_KEY_ID,
                "s3proxy.credential=" + SECRET_ACCESS_KEY,
                "jclouds.provider=transient-nio2",
                "jclouds.identity=none",
                "jclouds.credential=none"));
    Path output = directory.resolve("output");
    Process process =
        ChildJvm.start(
            output, Map.of(), "org.gaul.s3proxy.Main", "--properties", properties.toString());
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  process.destroyForcibly();
                  for (String name : List.of("s3proxy.conf", "output", "")) {
                    directory.resolve(name).toFile().delete();
                  }
                }));
    ObjectService service = new ObjectService(port);
    service.awaitStart(process, output);
    return service;
  }

  private void awaitStart(Process started, Path output) throws IOException {
    long end = System.nanoTime() + START_NANOS;
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(address(), 1000);
        return;
      } catch (IOException e) {
        if (!started.isAlive() || System.nanoTime() > end) {
          throw new IOException("S3Proxy does not start: " + Files.readString(output), e);
        }
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** A client past all proxies, to see what is there. */
  S3Client client() {
    return S3Client.builder()
        .httpClientBuilder(UrlConnectionHttpClient.builder())
        .credentialsProvider(
            StaticCredentialsProvider.create(
                AwsBasicCredentials.create(ACCESS_KEY_ID, SECRET_ACCESS_KEY)))
        .region(Region.US_EAST_1)
        .endpointOverride(URI.create("http://127.0.0.1:" + port))
        .forcePathStyle(true)
        .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
        .serviceConfiguration(S3Configuration.builder().chunkedEncodingEnabled(false).build())
        .build();
  }

  /** A prefix of the bucket that nobody has used. */
  static String freshPrefix() {
    return "run-" + ProcessHandle.current().pid() + "-" + PREFIXES.incrementAndGet();
  }
}
