// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { MapEdge, MapNode, Snapshot } from "../api/types";
import { signsOf, timeSplit } from "./time_split";

const node = (id: number, details: Record<string, number | null> = {}) => ({ id, name: `n${id}`, details }) as unknown as MapNode;
const edge = (id: number, client: number, server: number, rate: number, ms: number, protocol = "http") =>
  ({ id, client, server, protocol, metrics: { request_rate: rate, latency: null }, details: { latency_avg: ms * 1000 } }) as unknown as MapEdge;
const snap = (edges: MapEdge[]) => ({ nodes: [node(1), node(2), node(3), node(4)], edges }) as unknown as Snapshot;

describe("where the time of a step goes", () => {
  it("bounds the own time between calls in sequence and side by side", () => {
    const split = timeSplit(snap([edge(1, 1, 2, 10, 100), edge(2, 2, 3, 10, 50), edge(3, 2, 4, 20, 10)]), node(2));
    expect(split?.total).toBe(100_000);
    expect(split?.downstreamLeast).toBe(50_000);
    expect(split?.downstreamMost).toBe(70_000);
    expect(split?.ownLeast).toBe(30_000);
    expect(split?.ownMost).toBe(50_000);
    expect(split?.calls.map((c) => [c.name, c.perRequest])).toEqual([["n3", 1], ["n4", 2]]);
  });
  it("weighs callers by their requests, and takes a leaf's time for its own", () => {
    const split = timeSplit(snap([edge(1, 1, 2, 30, 10), edge(2, 3, 2, 10, 50)]), node(2));
    expect(split).toMatchObject({ total: 20_000, ownLeast: 20_000, downstreamMost: 0 });
  });
  it("never waits longer downstream than its callers wait, leaves queues out, and owns up to no data", () => {
    const split = timeSplit(snap([edge(1, 1, 2, 10, 20), edge(2, 2, 3, 10, 90), edge(3, 2, 4, 10, 500, "kafka")]), node(2));
    expect(split).toMatchObject({ ownLeast: 0, ownMost: 0, downstreamLeast: 20_000 });
    expect(split?.calls).toHaveLength(1);
    expect(timeSplit(snap([edge(1, 1, 2, 0, 20)]), node(2))).toBeNull();
  });
});

describe("signs of saturation", () => {
  it("come worst first, unknown ones not at all", () => {
    const signs = signsOf(node(1, { cpu_throttled: 0.4, cpu_usage: 0.25, cpu_quota: 0.25, accept_queue: null, oom_kills: 0, listen_overflow: 0 }));
    expect(signs.map((s) => [s.metric, s.level])).toEqual([["cpu_usage", 1], ["cpu_throttled", 0.4], ["listen_overflow", 0]]);
    expect(signsOf(node(1, { cpu_usage: 0.5, cpu_quota: null }))).toEqual([]);
  });
});
