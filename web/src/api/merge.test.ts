// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { mergeTick } from "./merge";
import type { Columns, Snapshot, Tick, Verdict } from "./types";

const verdict: Verdict = {
  bottleneck: null, bottleneck_id: null, confidence: null, sentence: "", path: [], path_ids: [],
  steps: [], evidence: [], candidates: [], next: null, status: "none",
};
const measured = { state: "ok" as const, since: null, worst: null, metrics: { latency: 1 }, states: {}, details: {} };
const base: Snapshot = {
  time: 10, from: 5, to: 10, live: true, topology: 4, verdict, losses: {}, stage: "full", tier: "x",
  nodes: [{ id: 7, name: "a", namespace: "", kind: "service", entry: true, instances: [], replicas: 1, role: null, ...measured }],
  edges: [
    { id: 1, client: 7, server: 7, port: 80, protocol: "http", on_path: false, ...measured },
    { id: 2, client: 7, server: 7, port: 81, protocol: "http", on_path: true, ...measured },
  ],
};
const columns = (id: number[], latency: (number | null)[]): Columns => ({
  id,
  state: id.map(() => "over"),
  since: id.map(() => 9),
  worst: id.map(() => null),
  metrics: { latency },
  states: { latency: id.map(() => "over") },
  details: { in_flight: id.map(() => 3) },
});
const tick: Tick = {
  time: 11, topology: 4, verdict: { ...verdict, sentence: "new" }, losses: { ring: 1 }, stage: "short", events: [],
  edges: { ...columns([2, 1], [20, null]), on_path: [false, true] },
  nodes: { ...columns([7], [5]), role: ["origin"], replicas: [2] },
};

describe("ticks", () => {
  const merged = mergeTick(base, tick);
  it("finds its rows by id, whatever their order, and keeps unknown apart from 0", () => {
    expect(merged?.edges.map((e) => e.metrics["latency"])).toEqual([null, 20]);
    expect(merged?.edges.map((e) => e.on_path)).toEqual([true, false]);
    expect(merged?.edges[0]).toMatchObject({ port: 80, state: "over", since: 9 });
  });
  it("takes roles, replicas, verdict, losses and stage over", () => {
    expect(merged?.nodes[0]).toMatchObject({ name: "a", role: "origin", replicas: 2 });
    expect(merged).toMatchObject({ time: 11, from: 6, to: 11, losses: { ring: 1 }, stage: "short" });
    expect(merged?.verdict.sentence).toBe("new");
  });
  it("leaves the snapshot it started from alone", () => {
    expect(base.edges[1]?.metrics["latency"]).toBe(1);
  });
  it("refuses a tick of another topology", () => {
    expect(mergeTick(base, { ...tick, topology: 5 })).toBeNull();
  });
});
