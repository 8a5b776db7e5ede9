/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.util.Arrays;

/**
 * A {@link Disk} on a {@link RandomAccessFile}, because a {@link java.nio.channels.FileChannel}
 * closes itself, and drops the process's locks, when the calling thread is interrupted.
 */
final class RandomAccessDisk implements Disk {
  private final RandomAccessFile file;

  RandomAccessDisk(RandomAccessFile file) {
    this.file = file;
  }

  @Override
  public synchronized long length() throws IOException {
    return file.length();
  }

  @Override
  public synchronized void read(long position, byte[] into) throws IOException {
    file.seek(position);
    int filled = 0;
    for (int n; filled < into.length; filled += n) {
      n = file.read(into, filled, into.length - filled);
      if (n < 0) {
        Arrays.fill(into, filled, into.length, (byte) 0);
        return;
      }
    }
  }

  @Override
  public synchronized void write(long position, byte[] bytes) throws IOException {
    file.seek(position);
    file.write(bytes);
  }

  @Override
  public synchronized void setLength(long newLength) throws IOException {
    file.setLength(newLength);
  }

  @Override
  public void sync() throws IOException {
    file.getFD().sync();
  }
}
