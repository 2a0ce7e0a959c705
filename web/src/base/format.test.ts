// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { byteRate, bytes, count, duration, elapsed, NONE, parseQuantity, percent, rate } from "./format";

describe("formatters", () => {
  it.each([
    [0, "0 ms"],
    [0.4, "0.4 µs"],
    [412, "412 µs"],
    [999.4, "999 µs"],
    [999.6, "1 ms"],
    [9_300, "9.3 ms"],
    [87_400, "87.4 ms"],
    [843_000, "843 ms"],
    [999_600, "1.0 s"],
    [11_000_000, "11.0 s"],
    [99_960_000, "100 s"],
    [180e6, "3 min"],
  ])("duration %d µs is %s", (us, text) => expect(duration(us)).toBe(text));

  it.each([
    [0, "0"],
    [0.001, "<0.01"],
    [0.05, "0.05"],
    [0.5, "0.5"],
    [63.4, "63.4"],
    [999.6, "1k"],
    [1120, "1.1k"],
    [99_600, "100k"],
    [3_400_000, "3.4M"],
    [2e9, "2G"],
  ])("count %d is %s", (value, text) => expect(count(value)).toBe(text));

  it("writes a dash for what is not known, never 0", () => {
    for (const format of [count, rate, bytes, byteRate, duration, percent]) {
      expect(format(null)).toBe(NONE);
      expect(format(undefined)).toBe(NONE);
      expect(format(Number.NaN)).toBe(NONE);
    }
  });

  it("writes bytes, shares and ages", () => {
    expect(byteRate(48_200_000)).toBe("48.2 MB/s");
    expect(bytes(999.7)).toBe("1 kB");
    expect(percent(0.92)).toBe("92 %");
    expect(percent(0.004)).toBe("0.4 %");
    expect(elapsed(42)).toBe("00:42");
    expect(elapsed(3725)).toBe("1:02:05");
    expect(elapsed(-3)).toBe("00:00");
  });
});

describe("typed limits", () => {
  it.each([
    ["1 s", "duration", 1e6],
    ["250ms", "duration", 250_000],
    ["1,5 s", "duration", 1.5e6],
    ["10", "duration", 10_000],
    ["off", "duration", null],
    ["", "rate", null],
    ["0", "rate", 0],
    ["1.5k/s", "rate", 1500],
    ["10 MB/s", "bytes", 1e7],
  ] as const)("%s as %s", (text, kind, value) => expect(parseQuantity(text, kind)).toBe(value));

  it.each(["-1", "1 parsec", "1e9", "NaN", "<b>"])("refuses %s", (text) => {
    expect(parseQuantity(text, "duration")).toBeUndefined();
  });

  it("reads back what it writes", () => {
    for (const us of [0.4, 412, 9_300, 843_000, 11e6]) {
      const read = parseQuantity(duration(us), "duration");
      expect(read).toBeCloseTo(us, -Math.log10(us) + 1);
    }
  });
});
