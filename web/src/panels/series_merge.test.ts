// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Series } from "../api/types";
import { mergeSeries } from "./series_merge";

const part = (times: number[], values: (number | null)[], step = 1): Series => ({
  from: times[0] ?? 0,
  to: (times.at(-1) ?? 0) + 1,
  step,
  times,
  series: { latency: values },
  limits: { latency: 7 },
});

describe("series", () => {
  it("lets the newer part win and drops what left the window", () => {
    const merged = mergeSeries(part([10, 11, 12, 13], [1, 2, 3, null]), part([12, 13, 14], [30, 40, 50]), 11);
    expect(merged.times).toEqual([11, 12, 13, 14]);
    expect(merged.series["latency"]).toEqual([2, 30, 40, 50]);
  });
  it("starts over when the step changed", () => {
    const fresh = part([10, 15], [1, 2], 5);
    expect(mergeSeries(part([10, 11], [1, 2]), fresh, 0)).toBe(fresh);
  });
});
