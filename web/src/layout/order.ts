// SPDX-License-Identifier: Apache-2.0
// Dummy vertices for edges that skip layers, and the order inside each layer.
import type { Graph, Layout } from "./graph";
import type { Ranked } from "./ranks";

export interface Vertex {
  rank: number;
  dummy: boolean;
  up: number[]; // neighbours one layer to the left
  down: number[];
  y: number;
}

export interface Layered {
  vertices: Vertex[]; // real nodes first, in the graph's order
  chains: number[][]; // per edge: its vertices from client to server; empty unless forward
  layers: number[][]; // vertices per layer, top to bottom
  crossings: number;
}

const SWEEPS = 12;

function build(graph: Graph, ranked: Ranked): Layered {
  const vertices: Vertex[] = graph.nodes.map((_, i) => ({
    rank: ranked.rank[i] ?? 0,
    dummy: false,
    up: [],
    down: [],
    y: 0,
  }));
  const chains = ranked.ends.map(({ from, to, shape }) => {
    if (shape !== "forward") return [];
    const chain = [from];
    for (let r = (ranked.rank[from] ?? 0) + 1; r < (ranked.rank[to] ?? 0); r += 1) {
      chain.push(vertices.length);
      vertices.push({ rank: r, dummy: true, up: [], down: [], y: 0 });
    }
    chain.push(to);
    for (let k = 1; k < chain.length; k += 1) {
      const a = chain[k - 1] ?? 0;
      const b = chain[k] ?? 0;
      vertices[a]?.down.push(b);
      vertices[b]?.up.push(a);
    }
    return chain;
  });
  const count = vertices.reduce((most, v) => Math.max(most, v.rank + 1), 0);
  const layers: number[][] = Array.from({ length: count }, () => []);
  vertices.forEach((v, i) => layers[v.rank]?.push(i));
  return { vertices, chains, layers, crossings: 0 };
}

function positions(layered: Layered): Int32Array {
  const at = new Int32Array(layered.vertices.length);
  for (const layer of layered.layers) layer.forEach((v, i) => (at[v] = i));
  return at;
}

// Inversions between neighbouring layers, counted with a Fenwick tree.
export function countCrossings(layered: Layered): number {
  const at = positions(layered);
  let crossings = 0;
  for (let r = 0; r + 1 < layered.layers.length; r += 1) {
    const size = layered.layers[r + 1]?.length ?? 0;
    const tree = new Int32Array(size + 1);
    let total = 0;
    for (const v of layered.layers[r] ?? []) {
      const targets = (layered.vertices[v]?.down ?? []).map((w) => at[w] ?? 0).sort((a, b) => a - b);
      for (const target of targets) {
        let below = 0;
        for (let i = target + 1; i > 0; i -= i & -i) below += tree[i] ?? 0;
        crossings += total - below;
      }
      for (const target of targets) {
        total += 1;
        for (let i = target + 1; i <= size; i += i & -i) tree[i] = (tree[i] ?? 0) + 1;
      }
    }
  }
  return crossings;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sweep(layered: Layered, rightwards: boolean): void {
  const at = positions(layered);
  const count = layered.layers.length;
  for (let k = 1; k < count; k += 1) {
    const layer = layered.layers[rightwards ? k : count - 1 - k] ?? [];
    const weight = new Map(
      layer.map((v) => {
        const vertex = layered.vertices[v];
        const near = (rightwards ? vertex?.up : vertex?.down) ?? [];
        return [v, near.length > 0 ? mean(near.map((w) => at[w] ?? 0)) : (at[v] ?? 0)];
      }),
    );
    layer.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || (at[a] ?? 0) - (at[b] ?? 0));
    layer.forEach((v, i) => (at[v] = i));
  }
}

// The previous map's y is the first guess; what is new starts beside its neighbours.
function seed(graph: Graph, layered: Layered, previous: Layout): void {
  const y: (number | undefined)[] = layered.vertices.map((vertex, i) =>
    vertex.dummy ? undefined : previous.nodes.get(graph.nodes[i]?.key ?? "")?.y,
  );
  layered.chains.forEach((chain, e) => {
    const before = previous.edges.get(graph.edges[e]?.key ?? "");
    if (before === undefined || before.shape !== "forward") return;
    const first = before.points[0];
    const last = before.points.at(-1);
    if (first === undefined || last === undefined) return;
    chain.forEach((v, k) => {
      if (!layered.vertices[v]?.dummy) return;
      const point = before.points[2 * k - 1];
      y[v] = point?.y ?? first.y + ((last.y - first.y) * k) / (chain.length - 1);
    });
  });
  for (let round = 0; round < 3; round += 1) {
    layered.vertices.forEach((vertex, i) => {
      if (y[i] !== undefined) return;
      const near = [...vertex.up, ...vertex.down].flatMap((w) => y[w] ?? []);
      if (near.length > 0) y[i] = mean(near);
    });
  }
  const key = (v: number) => graph.nodes[v]?.key ?? "";
  for (const layer of layered.layers) {
    layer.sort((a, b) => (y[a] ?? 1e9) - (y[b] ?? 1e9) || (key(a) < key(b) ? -1 : 1));
  }
}

// Without a previous map, walk from the left so that siblings start together.
function seedFresh(graph: Graph, layered: Layered): void {
  const key = (v: number) => graph.nodes[v]?.key ?? "~";
  const place = new Map<number, number>();
  const visit = (root: number) => {
    const stack = [root];
    for (let v = stack.pop(); v !== undefined; v = stack.pop()) {
      if (place.has(v)) continue;
      place.set(v, place.size);
      const next = [...(layered.vertices[v]?.down ?? [])];
      next.sort((a, b) => (key(a) < key(b) ? 1 : -1));
      stack.push(...next);
    }
  };
  const starts = layered.vertices.map((_, i) => i).filter((i) => !layered.vertices[i]?.dummy);
  starts.sort(
    (a, b) =>
      (layered.vertices[a]?.rank ?? 0) - (layered.vertices[b]?.rank ?? 0) ||
      (key(a) < key(b) ? -1 : 1),
  );
  starts.forEach(visit);
  for (const layer of layered.layers) {
    layer.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
  }
}

export function orderLayers(graph: Graph, ranked: Ranked, previous?: Layout): Layered {
  const layered = build(graph, ranked);
  if (previous === undefined) seedFresh(graph, layered);
  else seed(graph, layered, previous);
  const copy = () => layered.layers.map((layer) => layer.slice());
  const kept = { layers: copy(), crossings: countCrossings(layered) };
  const best = { ...kept };
  for (let s = 0; s < SWEEPS; s += 1) {
    sweep(layered, s % 2 === 0);
    const crossings = countCrossings(layered);
    if (crossings >= best.crossings) continue;
    best.crossings = crossings;
    best.layers = copy();
  }
  // People remember where things were: a familiar order goes only for a clear gain.
  const gain = kept.crossings - best.crossings;
  const stay = previous !== undefined && gain <= Math.max(2, kept.crossings * 0.15);
  const choice = stay ? kept : best;
  layered.layers = choice.layers;
  layered.crossings = choice.crossings;
  return layered;
}
