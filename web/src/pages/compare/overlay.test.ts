// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Comparison, Delta, Direction, EdgeDelta, Ranked } from "../../api/run_types";
import { changeText, edgeKey, overlayScene, rankingOf, sideScene, voiceOf } from "./overlay";
import { parseRef, refText } from "./refs";
import { barPlace, bound, movedBy } from "./values";

const delta = (a: number | null, b: number | null, direction: Direction): Delta => ({
  a, b, change: a === null || b === null || a === 0 ? null : b / a - 1, low: null, high: null, p: 0, q: 0,
  significant: direction !== "none", direction,
});
const edge = (client: string, server: string, presence: EdgeDelta["presence"], metrics: Record<string, Delta>): EdgeDelta => ({
  client, server, port: 80, protocol: "http", id_a: presence === "new" ? null : 1, id_b: presence === "vanished" ? null : 2, presence, metrics,
});
const row = (client: string, server: string, metric: string): Ranked => ({
  client, server, port: 80, protocol: "http", metric, change: 1, a: 1, b: 2, low: 0, high: 3, q: 0, direction: "worse", weight: 1, text: "",
});
const told = (...names: string[]) => rankingOf(names.map((name) => row("a", "b", name))).get("e:a>b:80/http");
const comparison = {
  services: [],
  ranked: [row("a", "b", "latency_p95"), row("a", "b", "request_rate")],
  edges: [
    edge("a", "b", "both", { latency_p95: delta(11e6, 3e5, "better"), request_rate: delta(10, 90, "different"), traffic: delta(1e5, 1e6, "different") }),
    edge("b", "c", "both", { latency_p95: delta(1000, 1010, "none"), traffic: delta(1e4, 1e4, "none") }),
    edge("b", "d", "vanished", { traffic: delta(1e4, null, "none") }),
    edge("b", "e", "new", { traffic: delta(null, 1e7, "none") }),
  ],
} as unknown as Comparison;

const text = (key: string) => key;

describe("the overlay", () => {
  const scene = overlayScene(comparison, { a: null, b: null }, null, (tone) => tone);
  const tones = scene.edges.map((e) => e.tone);
  it("tells better, same, vanished and new apart by line, sign and word", () => {
    expect(tones).toEqual(["better", "same", "vanished", "new"]);
    expect(new Set(scene.edges.map((e) => e.mark)).size).toBe(4);
    expect(scene.edges.map((e) => e.pill)).toEqual(["11.0 s → 300 ms", null, "vanished", "new"]);
    expect(scene.edges[0]?.label).toBe("a → b, better, 11.0 s → 300 ms");
  });
  it("is as wide as B, with A behind; a vanished call as wide as it was", () => {
    expect(scene.edges.map((e) => [e.width, e.ghost])).toEqual([[8, 5.5], [3.5, 3.5], [3.5, 0], [10, 0]]);
  });
  it("gives every name a card and both sides one shape", () => {
    expect(scene.nodes.map((n) => n.name)).toEqual(["a", "b", "c", "d", "e"]);
    const a = sideScene(comparison, null, "a", { text }, "absent");
    const b = sideScene(comparison, null, "b", { text }, "absent");
    expect(a.shape).toBe(b.shape);
    expect(a.shape).toBe(scene.shape);
    expect(scene.edges[0]?.key).toBe(edgeKey(comparison.edges[0] as EdgeDelta));
  });
});

describe("what speaks for a call", () => {
  const metrics = { latency_p95: delta(1, 0.5, "better"), error_share: delta(0.1, 0.2, "worse"), request_rate: delta(1, 100, "worse") };
  it("is what the ranking names first of it", () => {
    expect(voiceOf(metrics, null, told("error_share", "request_rate"))?.metric).toBe("error_share");
    expect(voiceOf(metrics, null, told("latency_p95", "error_share"))?.metric).toBe("latency_p95");
    expect(voiceOf(metrics, "request_rate", told("error_share"))?.metric).toBe("request_rate");
  });
  it("is its largest change where the ranking ended before it, and nothing where nothing changed", () => {
    expect(voiceOf(metrics, null)?.metric).toBe("request_rate");
    expect(voiceOf({ latency_p95: delta(1, 9, "none") }, null)).toBeNull();
  });
  it("gets its pill's place in the order of the ranking, not by size", () => {
    const calls = ["b", "c", "d"].map((server, i) => edge("a", server, "both", { latency_p95: delta(1, [50, 2, 9][i] ?? 1, "worse") }));
    calls.push(edge("a", "new", "new", {}));
    const ranked = [row("a", "c", "latency_p95"), row("a", "d", "latency_p95")];
    const scene = overlayScene({ services: [], edges: calls, ranked } as unknown as Comparison, { a: null, b: null }, null, (tone) => tone);
    const order = [...scene.edges].sort((x, y) => y.severity - x.severity).map((e) => e.to);
    expect(order).toEqual(["n:c", "n:d", "n:new", "n:b"]);
  });
  it("is said as a factor when large", () => {
    expect(changeText(delta(10, 11, "worse"))).toBe("+10 %");
    expect(changeText(delta(10, 4, "better"))).toBe("−60 %");
    expect(changeText(delta(10, 270, "worse"))).toBe("×27");
    expect(changeText(delta(0, 5, "worse"))).toBe("+");
    expect(bound(-0.5)).toBe("−50 %");
    expect(bound(0.0125, "error_share")).toBe("+1.25 pt");
    expect(movedBy("error_share", 0, 0.02, null)).toBe(0.02);
    expect(barPlace(1)).toBe(0.5);
    expect(barPlace(-3)).toBe(-1);
  });
});

describe("references", () => {
  it.each(["20261123-a", "20261123-a@2", "20261123-a@100..200", "100..200"])("round trip %s", (text) => {
    const ref = parseRef(text);
    expect(ref === null ? null : refText(ref)).toBe(text);
  });
  it.each(["", "A B", "x@", "x@y", "..5"])("refuses %s", (text) => expect(parseRef(text)).toBeNull());
});
