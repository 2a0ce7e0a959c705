// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/** Faults on demand: lines "NAME VALUE" in the file named by SHOP_FAULT_FILE, read twice a second at most. */
final class Faults {
  private static final long MAX_AGE_NS = 500_000_000L;
  private static final double NS_PER_MS = 1e6;
  private static final int MEBIBYTE = 1 << 20;

  private final String path = System.getenv().getOrDefault("SHOP_FAULT_FILE", "");
  private final List<byte[]> leaked = new ArrayList<>();
  private final Object held = new Object();
  private Map<String, Double> values = Map.of();
  private long read = System.nanoTime() - MAX_AGE_NS;

  private synchronized double value(String name) {
    if (System.nanoTime() - read >= MAX_AGE_NS) {
      read = System.nanoTime();
      Map<String, Double> fresh = new HashMap<>();
      try {
        for (String line : Files.readAllLines(Path.of(path))) {
          String[] words = line.split(" ");
          if (words.length == 2) {
            fresh.put(words[0], Double.parseDouble(words[1]));
          }
        }
      } catch (IOException | NumberFormatException healthy) {
        fresh.clear();
      }
      values = fresh;
    }
    return values.getOrDefault(name, 0.0);
  }

  /** Waits, leaks or locks as told. True: this call is to fail. */
  boolean suffer() {
    // Thread.sleep counts whole milliseconds only.
    LockSupport.parkNanos((long) (value("slow") * NS_PER_MS));
    try {
      if (value("lock") > 0) {
        synchronized (held) {
          Thread.sleep((long) value("lock"));
        }
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
    if (value("leak") > 0) {
      byte[] block = new byte[(int) (value("leak") * MEBIBYTE)];
      Arrays.fill(block, (byte) 1);
      synchronized (leaked) {
        leaked.add(block);
      }
    }
    return ThreadLocalRandom.current().nextDouble() < value("errors");
  }
}
