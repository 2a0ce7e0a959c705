// SPDX-License-Identifier: Apache-2.0
// Moving over the map with the keyboard, and what belongs to a node or an edge. Pure.
import type { Layout } from "../layout/graph";
import type { Scene, SceneEdge } from "./scene";

export type Direction = "left" | "right" | "up" | "down";

function latency(edge: SceneEdge): number {
  return edge.source.metrics["latency"] ?? 0;
}

function slowest(edges: SceneEdge[]): SceneEdge | undefined {
  return edges.reduce<SceneEdge | undefined>(
    (worst, edge) =>
      worst === undefined ||
      edge.severity > worst.severity ||
      (edge.severity === worst.severity && latency(edge) > latency(worst))
        ? edge
        : worst,
    undefined,
  );
}

// right: the slowest call; left: the slowest caller; up and down: neighbours in the same layer.
export function neighbour(
  scene: Scene,
  layout: Layout,
  from: string,
  direction: Direction,
): string | null {
  const here = layout.nodes.get(from);
  if (here === undefined) return null;
  if (direction === "right") {
    return slowest(scene.edges.filter((e) => e.from === from && e.to !== from))?.to ?? null;
  }
  if (direction === "left") {
    return slowest(scene.edges.filter((e) => e.to === from && e.from !== from))?.from ?? null;
  }
  const layer = scene.nodes
    .map((node) => ({ key: node.key, at: layout.nodes.get(node.key) }))
    .filter((node) => node.at?.rank === here.rank)
    .sort((a, b) => (a.at?.y ?? 0) - (b.at?.y ?? 0));
  const place = layer.findIndex((node) => node.key === from);
  return layer[place + (direction === "down" ? 1 : -1)]?.key ?? null;
}

// The first stop of Tab: the bottleneck, else an entry, else the leftmost.
export function homeNode(scene: Scene, layout: Layout): string | null {
  const named = scene.nodes.find((n) => n.bottleneck) ?? scene.nodes.find((n) => n.source.entry);
  if (named !== undefined) return named.key;
  let best: { key: string; score: number } | null = null;
  for (const node of scene.nodes) {
    const at = layout.nodes.get(node.key);
    const score = (at?.rank ?? 0) * 1e6 + (at?.y ?? 0);
    if (best === null || score < best.score) best = { key: node.key, score };
  }
  return best?.key ?? null;
}

// Everything up- and downstream of a node or an edge: what hovering lights up.
export function reach(scene: Scene, key: string): Set<string> {
  const out = new Set<string>([key]);
  const edge = scene.edges.find((e) => e.key === key);
  const spread = (start: string, downwards: boolean) => {
    const open = [start];
    const seen = new Set(open);
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      out.add(node);
      for (const e of scene.edges) {
        if ((downwards ? e.from : e.to) !== node) continue;
        out.add(e.key);
        const next = downwards ? e.to : e.from;
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
  };
  spread(edge?.to ?? key, true);
  spread(edge?.from ?? key, false);
  return out;
}

// The shortest way from an entry to a node, for the breadcrumb; the verdict's own path wins.
export function pathTo(scene: Scene, target: string): string[] {
  const verdict = scene.nodes.filter((n) => n.onPath);
  const starts = scene.nodes.filter((n) => n.source.entry).map((n) => n.key);
  const before = new Map<string, string | null>(starts.map((key) => [key, null]));
  const open = [...starts];
  const favoured = new Set(verdict.map((n) => n.key));
  for (let head = 0; head < open.length; head += 1) {
    const node = open[head] ?? "";
    if (node === target) break;
    const next = scene.edges
      .filter((e) => e.from === node && !before.has(e.to))
      .sort((a, b) => Number(favoured.has(b.to)) - Number(favoured.has(a.to)));
    for (const e of next) {
      if (before.has(e.to)) continue;
      before.set(e.to, node);
      open.push(e.to);
    }
  }
  if (!before.has(target)) return [target];
  const path: string[] = [];
  for (let at: string | null | undefined = target; at; at = before.get(at)) path.unshift(at);
  return path;
}
