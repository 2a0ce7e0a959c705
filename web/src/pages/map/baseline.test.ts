// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { MapEvent, State, Timeline } from "../../api/types";
import { chooseBaseline } from "./baseline";

function line(...runs: [State, number][]): Timeline {
  const state = runs.flatMap(([s, n]) => Array.from({ length: n }, () => s));
  const to = 1000 + state.length;
  return { from: 1000, to, step: 1, state, bottleneck: state.map(() => null), request_rate: state.map(() => null) };
}
const scale = (time: number): MapEvent => ({ time, kind: "scale", service: "cart", text: "cart ×2" });

describe("baseline", () => {
  it("is the last healthy minute before the trouble", () => {
    const chosen = chooseBaseline(null, line(["ok", 100], ["over", 50]), [], 1149);
    expect(chosen).toMatchObject({ reason: "trouble", from: 1037, to: 1097 });
  });
  it("does not take a short lull for health", () => {
    const chosen = chooseBaseline(null, line(["ok", 100], ["over", 50], ["ok", 5], ["near", 20]), [], 1170);
    expect(chosen?.to).toBe(1097);
  });
  it("is shorter when the healthy stretch was", () => {
    const chosen = chooseBaseline(null, line(["nodata", 80], ["ok", 20], ["over", 50]), [], 1149);
    expect(chosen).toMatchObject({ from: 1080, to: 1097 });
  });
  it("is the time before the last change when the trouble was there from the start", () => {
    const chosen = chooseBaseline(null, line(["over", 200]), [scale(1050), scale(1120), scale(1197)], 1199);
    expect(chosen).toMatchObject({ reason: "scale", from: 1087, to: 1117, text: "cart ×2" });
  });
  it("is the time before the last change when all is well again", () => {
    const chosen = chooseBaseline(null, line(["over", 100], ["ok", 100]), [scale(1100)], 1180);
    expect(chosen?.reason).toBe("scale");
  });
  it("is none without either, and the pinned time above all", () => {
    expect(chooseBaseline(null, line(["over", 100]), [], 1050)).toBeNull();
    expect(chooseBaseline(1020, line(["ok", 100]), [scale(1050)], 1090)).toMatchObject({ to: 1020, reason: "pinned" });
  });
});
