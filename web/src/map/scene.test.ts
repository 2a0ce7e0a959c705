// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { MapEdge, MapNode, Snapshot, State } from "../api/types";
import { translate } from "../base/strings";
import { layoutGraph } from "../layout/layout";
import { homeNode, neighbour, pathTo, reach } from "./navigate";
import { buildScene, type SceneOptions, toneOf, widthOf } from "./scene";

function node(id: number, name: string, changes: Partial<MapNode> = {}): MapNode {
  return {
    id, name, namespace: "shop", kind: "service", entry: false, instances: [], replicas: 1,
    state: "ok", since: null, worst: null, metrics: { latency: 1000, request_rate: 5, traffic: 1e5 },
    states: {}, details: {}, role: null, ...changes,
  };
}

function edge(id: number, client: number, server: number, changes: Partial<MapEdge> = {}): MapEdge {
  return {
    id, client, server, port: 80, protocol: "http", state: "ok", since: null, worst: null,
    metrics: { latency: 1000, request_rate: 5, traffic: 1e5 }, states: {}, details: {},
    on_path: false, ...changes,
  };
}

const slow = (us: number) => ({
  state: "over" as State,
  worst: { metric: "latency", value: us, limit: 1e6, severity: us / 1e6 },
  metrics: { latency: us, request_rate: 5, traffic: 1e5 },
});

function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    time: 100, from: 95, to: 100, live: true, topology: 1,
    nodes: [
      node(1, "load", { entry: true, kind: "client", namespace: "", ...slow(15e6), role: "victim" }),
      node(2, "front", { ...slow(15e6), role: "victim" }),
      node(3, "catalog", { ...slow(11e6), role: "origin" }),
      node(4, "cart"),
      node(5, "redis", { namespace: "data" }),
      node(6, "silent", { state: "idle" }),
    ],
    edges: [
      edge(1, 1, 2, { ...slow(15e6), on_path: true }),
      edge(2, 2, 3, { ...slow(11e6), on_path: true }),
      edge(3, 2, 4),
      edge(4, 4, 5, { protocol: "redis" }),
      edge(5, 4, 6, { state: "idle" }),
    ],
    verdict: {
      bottleneck: "catalog", bottleneck_id: 3, confidence: 0.9, sentence: "", path: [],
      path_ids: [1, 2, 3], steps: [], evidence: [], candidates: [], next: null, status: "bottleneck",
    },
    losses: {}, stage: "full", tier: "full",
    ...changes,
  };
}

const options: SceneOptions = {
  problems: false,
  group: "none",
  expanded: new Set(),
  idleVisible: () => false,
  text: (key, values) => translate("en", key, values),
};
const names = (scene: ReturnType<typeof buildScene>) => scene.nodes.map((n) => n.name);

describe("scene", () => {
  it("says clearing where a state outlives its value", () => {
    const scene = buildScene(snapshot({ edges: [edge(2, 2, 3, slow(0.2e6)), edge(1, 1, 2, slow(2e6))] }), options);
    expect(scene.edges.map((e) => e.pill)).toEqual(["clearing", "2.0 s"]);
  });

  it("tells origin from victim on nodes and edges, and names the bottleneck", () => {
    const scene = buildScene(snapshot(), options);
    expect(scene.nodes.map((n) => [n.name, n.tone])).toContainEqual(["catalog", "origin"]);
    expect(scene.nodes.map((n) => [n.name, n.tone])).toContainEqual(["front", "victim"]);
    expect(scene.edges.map((e) => [e.key, e.tone])).toEqual([
      ["e1", "victim"], ["e2", "origin"], ["e3", "ok"], ["e4", "ok"],
    ]);
    expect(scene.nodes.find((n) => n.bottleneck)?.label).toBe(
      "catalog, over limit, bottleneck, 11.0 s, 5/s",
    );
  });

  it("draws everything over its limit solid while no origin is known", () => {
    const calm = snapshot();
    for (const n of calm.nodes) n.role = null;
    expect(buildScene(calm, options).edges[0]?.tone).toBe("origin");
    expect(toneOf("near", true)).toBe("near");
  });

  it("puts a pill on what is over or near, and nowhere else", () => {
    const pills = buildScene(snapshot(), options).edges.map((e) => e.pill);
    expect(pills).toEqual(["15.0 s", "11.0 s", null, null]);
  });

  it("hides idle edges and nodes until they are wanted", () => {
    expect(names(buildScene(snapshot(), options))).not.toContain("silent");
    const all = buildScene(snapshot(), { ...options, idleVisible: () => true });
    expect(names(all)).toContain("silent");
  });

  it("shows who is there when nothing talks yet", () => {
    const quiet = snapshot({ edges: [], nodes: [node(1, "a", { state: "idle" })] });
    expect(names(buildScene(quiet, options))).toEqual(["a"]);
  });

  it("keeps only the problems and the path to them", () => {
    const scene = buildScene(snapshot(), { ...options, problems: true });
    expect(names(scene)).toEqual(["load", "front", "catalog"]);
    expect(scene.hidden).toBe(3);
  });

  it("collapses namespaces: rates add up, the worst state and latency win, inner calls vanish", () => {
    const scene = buildScene(snapshot(), { ...options, group: "namespace" });
    expect(names(scene)).toEqual(["load", "data", "shop"]);
    const shop = scene.nodes.find((n) => n.name === "shop");
    expect(shop).toMatchObject({ members: 4, state: "over", tone: "origin", bottleneck: true });
    expect(shop?.source.metrics).toMatchObject({ latency: 15e6, request_rate: 20 });
    expect(scene.edges.map((e) => [e.from, e.to])).toEqual([["n1", "gshop"], ["gshop", "gdata"]]);
    const open = buildScene(snapshot(), { ...options, group: "namespace", expanded: new Set(["shop"]) });
    expect(names(open)).toContain("cart");
  });

  it("changes its shape with the set of things only", () => {
    const before = buildScene(snapshot(), options).shape;
    const louder = snapshot();
    for (const e of louder.edges) e.metrics = { ...e.metrics, latency: 5 };
    expect(buildScene(louder, options).shape).toBe(before);
    expect(buildScene(snapshot({ edges: [] }), options).shape).not.toBe(before);
  });

  it("draws traffic on a logarithmic scale", () => {
    expect([null, 0, 1e3, 1e5, 1e7, 1e12].map(widthOf)).toEqual([1, 1, 1, 5.5, 10, 10]);
  });

  it("passes hostile names through as they are", () => {
    const name = "<img src=x onerror=alert(1)>";
    const scene = buildScene(snapshot({ nodes: [node(1, name)], edges: [] }), options);
    expect(scene.nodes[0]?.name).toBe(name);
  });
});

describe("moving over the map", () => {
  const scene = buildScene(snapshot(), options);
  const layout = layoutGraph({
    nodes: scene.nodes.map((n) => ({ key: n.key, entry: n.source.entry })),
    edges: scene.edges.map((e) => ({ key: e.key, from: e.from, to: e.to })),
  });

  it("follows the slowest call right and the caller left", () => {
    expect(neighbour(scene, layout, "n2", "right")).toBe("n3");
    expect(neighbour(scene, layout, "n3", "left")).toBe("n2");
    expect(neighbour(scene, layout, "n3", "right")).toBeNull();
    const below = neighbour(scene, layout, "n3", "down") ?? neighbour(scene, layout, "n3", "up");
    expect(below).toBe("n4");
  });
  it("starts at the bottleneck", () => expect(homeNode(scene, layout)).toBe("n3"));
  it("lights up everything before and after", () => {
    expect([...reach(scene, "n4")].sort()).toEqual(["e1", "e3", "e4", "n1", "n2", "n4", "n5"]);
    expect(reach(scene, "e2").has("n3")).toBe(true);
    expect(reach(scene, "e2").has("n4")).toBe(false);
  });
  it("knows the way from the entry", () => {
    expect(pathTo(scene, "n5")).toEqual(["n1", "n2", "n4", "n5"]);
    expect(pathTo(scene, "nowhere")).toEqual(["nowhere"]);
  });
});
