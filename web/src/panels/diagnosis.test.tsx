// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { MapEdge, MapNode, Snapshot } from "../api/types";
import { language } from "../base/locale";
import { Diagnosis } from "./diagnosis";

const HOSTILE = "<img src=x onerror=window.pwned=1>";
const measured = { state: "over" as const, since: 1, worst: null, states: { latency: "over" as const } };
const node = (id: number, name: string, details: Record<string, number | null>): MapNode => ({
  id, name, namespace: "", kind: "service", entry: id === 1, instances: [], replicas: id, role: null, metrics: {}, ...measured, details,
});
const edge = (id: number, client: number, server: number, seconds: number): MapEdge => ({
  id, client, server, port: 80, protocol: "http", on_path: true, ...measured,
  metrics: { request_rate: 10, latency: seconds * 1e6 }, details: { latency_avg: seconds * 1e6, latency_server_p95: null },
});
const snapshot: Snapshot = {
  time: 10, from: 5, to: 10, live: true, topology: 1, losses: {}, stage: "full", tier: "t",
  nodes: [node(1, "load", {}), node(2, "front", {}), node(3, HOSTILE, { cpu_throttled: 0.92, cpu_usage: 0.25, cpu_quota: 0.25 })],
  edges: [edge(1, 1, 2, 12), edge(2, 2, 3, 11)],
  verdict: {
    bottleneck: HOSTILE, bottleneck_id: 3, confidence: 0.9, sentence: `${HOSTILE} is slow`, path: [], path_ids: [], status: "bottleneck",
    steps: [
      { client: "load", server: "front", edge: 1, latency_us: 12e6, share: 0.9, text: "waits" },
      { client: "front", server: HOSTILE, edge: 2, latency_us: 11e6, share: 0.8, text: "waits" },
    ],
    evidence: [], next: { service: "cart", text: "cart is at 80 % of its quota" },
    demand: { offered: 1200, accepted: 300, text: "" },
    candidates: [{ service: HOSTILE, id: 3, score: 0.9, class: "cpu_throttled", evidence: ["CPU throttled 92 %"], path: [] }],
  },
};

describe("the diagnosis", () => {
  const root = document.createElement("div");
  const onHop = vi.fn();
  const show = (hop: number) =>
    act(() => render(<Diagnosis snapshot={snapshot} hop={hop} onHop={onHop} onOpenEdge={() => {}} onOpenNode={() => {}} />, root));
  const text = (selector: string) => root.querySelector(selector)?.textContent ?? "";

  beforeEach(() => {
    language.value = "en";
    onHop.mockClear();
  });

  it("splits the time of a step between the service and its calls", () => {
    show(0);
    expect(text("li.current .walk-step")).toContain("front");
    expect(text(".split-key")).toContain("itself 1.0 s");
    expect(text(".split-key")).toContain("waiting for its calls 11.0 s");
  });
  it("shows what the last service is short of, and whom it suspects", () => {
    show(1);
    expect(root.querySelectorAll(".signs .high")).toHaveLength(2);
    expect(text(".suspects .class-tag")).toBe("held back by its CPU quota");
    expect(root.textContent).toContain("75 % turned away");
    expect(root.textContent).toContain("cart");
    expect(root.querySelectorAll("img")).toHaveLength(0);
  });
  it("moves along, no further than there are steps", () => {
    show(7);
    const [back, on] = [...root.querySelectorAll<HTMLButtonElement>(".walk-head button")];
    expect(on?.disabled).toBe(true);
    act(() => back?.click());
    expect(onHop).toHaveBeenCalledWith(0);
  });
});
