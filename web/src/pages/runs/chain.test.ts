// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { RunStep, VerdictSpan } from "../../api/run_types";
import { chainOf, labelChanges, parseLabels, plateausOf } from "./chain";

const span = (from: number, to: number, bottleneck: string | null): VerdictSpan => ({
  from, to, bottleneck, status: bottleneck === null ? "none" : "bottleneck", class: "", confidence: 1, sentence: "",
});
const step = (from: number, to: number, offered: number, shape: RunStep["shape"] = "plateau"): RunStep =>
  ({ from, to, offered_rate: offered, shape }) as RunStep;

describe("what a run came to", () => {
  it("names each bottleneck once in a row and leaves flickers out", () => {
    const spans = [
      span(0, 30, "productcatalog"), span(30, 31, "email"), span(31, 60, "productcatalog"), span(60, 100, "cart"),
      span(100, 120, null),
    ];
    expect(chainOf(spans, 120)).toEqual(["productcatalog", "cart"]);
  });
  it("joins steps of equal load and leaves ramps out", () => {
    const plateaus = plateausOf([step(0, 10, 50, "ramp"), step(10, 40, 100), step(40, 70, 104), step(70, 100, 400)]);
    expect(plateaus).toEqual([{ offered: 102, seconds: 60 }, { offered: 400, seconds: 30 }]);
  });
});

describe("labels", () => {
  it("reads lines and names the first that is none", () => {
    expect(parseLabels("a=1\n\n b = x=y \n")).toEqual({ labels: { a: "1", b: "x=y" }, bad: null });
    expect(parseLabels("a=1\nnonsense").bad).toBe("nonsense");
    expect(parseLabels("=v").bad).toBe("=v");
  });
  it("removes by null", () => {
    expect(labelChanges({ a: "1", b: "2" }, { b: "3", c: "4" })).toEqual({ a: null, b: "3", c: "4" });
  });
});
