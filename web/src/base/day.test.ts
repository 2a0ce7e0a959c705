// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { day, span, when } from "./day";

describe("days and lengths", () => {
  it("leaves today's date out", () => {
    const noon = new Date(2026, 10, 23, 12, 5, 9).getTime() / 1000;
    expect(when(noon, noon + 60)).toBe("12:05:09");
    expect(when(noon, noon + 86_400)).toBe("2026-11-23 12:05");
    expect(day(noon)).toBe("2026-11-23");
  });
  it("says lengths with units", () => {
    expect(span(42)).toBe("42 s");
    expect(span(154)).toBe("2 min 34 s");
    expect(span(3605)).toBe("1 h");
    expect(span(3700)).toBe("1 h 01 min");
    expect(span(300)).toBe("5 min");
    expect(span(-5)).toBe("0 s");
  });
});
