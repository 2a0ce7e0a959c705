// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { State } from "../../api/types";
import { labelRoom, runsOf, shortText } from "./timeline_runs";

const line = (state: State[], bottleneck: (number | null)[] = state.map(() => null)) => ({
  from: 100,
  to: 100 + state.length * 2,
  step: 2,
  state,
  bottleneck,
  request_rate: state.map(() => null),
});

describe("timeline runs", () => {
  it("joins equal steps and parts at a change of the bottleneck", () => {
    expect(runsOf(line(["ok", "over", "over", "over"], [null, 3, 3, 7]))).toEqual([
      { from: 100, to: 102, state: "ok", bottleneck: null },
      { from: 102, to: 106, state: "over", bottleneck: 3 },
      { from: 106, to: 108, state: "over", bottleneck: 7 },
    ]);
  });
  it("swallows a flicker between two equal runs, not a change", () => {
    const flicker = line(["over", "over", "ok", "over", "over", "ok", "ok", "ok"]);
    expect(runsOf(flicker, 3).map((run) => [run.state, run.to - run.from])).toEqual([
      ["over", 10],
      ["ok", 6],
    ]);
  });
});

describe("labels of events", () => {
  it("gives each its room, none where it is too little, and turns the last at the edge", () => {
    const placed = labelRoom([100, 300, 310, 680].map((left) => ({ item: left, left })), 700, 46);
    expect(placed.map((l) => [l.room, l.before])).toEqual([
      [200, false],
      [0, false],
      [240, false],
      [130, true],
    ]);
  });
});

describe("words at a tick", () => {
  it("says a scaling in short and everything else as it is", () => {
    const scaled = { time: 1, kind: "scale", service: "cart", text: "cart scaled from 1 to 2" };
    expect(shortText(scaled)).toBe("×2 cart");
    expect(shortText({ ...scaled, text: "twice as many" })).toBe("twice as many");
    expect(shortText({ time: 1, kind: "mark", service: "cart", text: "from 1 to 2" })).toBe("from 1 to 2");
    expect(shortText({ time: 1, kind: "restart", service: "cart", text: "" })).toBe("cart");
  });
});
