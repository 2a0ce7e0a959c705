// SPDX-License-Identifier: Apache-2.0
// Edges as points: through their dummies straight across skipped layers, cycles below the map.
import type { Graph, LayoutOptions, Placed, Point, Route } from "./graph";
import type { Layered } from "./order";
import type { Ranked } from "./ranks";

const PORT_SPREAD = 0.62; // share of a node's height that its ports may use
const PORT_STEP = 9;
const LANE = 16; // between two arcs below the map

interface Frame {
  graph: Graph;
  ranked: Ranked;
  layered: Layered;
  options: LayoutOptions;
  x: (rank: number) => number;
  y: (vertex: number) => number;
}

// Where on a node's side each of its edges meets it: sorted by where the edge comes from, so that
// edges do not cross right at the card.
function ports(frame: Frame, side: "out" | "in"): Map<number, number> {
  const byNode = new Map<number, { edge: number; towards: number }[]>();
  frame.layered.chains.forEach((chain, edge) => {
    if (chain.length < 2) return;
    const node = (side === "out" ? chain[0] : chain.at(-1)) ?? 0;
    const next = (side === "out" ? chain[1] : chain.at(-2)) ?? 0;
    const list = byNode.get(node) ?? [];
    list.push({ edge, towards: frame.y(next) });
    byNode.set(node, list);
  });
  const out = new Map<number, number>();
  for (const list of byNode.values()) {
    list.sort((a, b) => a.towards - b.towards || a.edge - b.edge);
    const room = (frame.options.nodeHeight * PORT_SPREAD) / Math.max(1, list.length - 1);
    const step = Math.min(PORT_STEP, room);
    list.forEach(({ edge }, i) => out.set(edge, (i - (list.length - 1) / 2) * step));
  }
  return out;
}

function forward(frame: Frame, chain: number[], outPort: number, inPort: number): Point[] {
  const { nodeWidth } = frame.options;
  const points: Point[] = [];
  chain.forEach((v, k) => {
    const x = frame.x(frame.layered.vertices[v]?.rank ?? 0);
    const y = frame.y(v);
    if (k === 0) points.push({ x: x + nodeWidth, y: y + outPort });
    else if (k === chain.length - 1) points.push({ x, y: y + inPort });
    else points.push({ x, y }, { x: x + nodeWidth, y });
  });
  return points;
}

// Out of the client's right side, down beside the layer, left below everything, up and in.
function back(from: Placed, to: Placed, bottom: number, options: LayoutOptions): Point[] {
  const right = from.x + options.nodeWidth;
  const turn = Math.min(34, options.gapX / 2.5);
  return [
    { x: right, y: from.y + options.nodeHeight * 0.28 },
    { x: right + turn, y: bottom },
    { x: to.x - turn, y: bottom },
    { x: to.x, y: to.y + options.nodeHeight * 0.28 },
  ];
}

export function routeEdges(frame: Frame, nodes: Map<string, Placed>, height: number): {
  edges: Map<string, Route>;
  height: number;
} {
  const outPorts = ports(frame, "out");
  const inPorts = ports(frame, "in");
  const edges = new Map<string, Route>();
  let lanes = 0;
  frame.graph.edges.forEach((edge, i) => {
    const shape = frame.ranked.ends[i]?.shape ?? "forward";
    const from = nodes.get(edge.from);
    const to = nodes.get(edge.to);
    if (from === undefined || to === undefined) return;
    if (shape === "loop") {
      const y = from.y + frame.options.nodeHeight / 2 - 15;
      edges.set(edge.key, { shape, points: [{ x: from.x + frame.options.nodeWidth, y }] });
    } else if (shape === "back") {
      lanes += 1;
      const bottom = height + LANE * (lanes + 0.5);
      edges.set(edge.key, { shape, points: back(from, to, bottom, frame.options) });
    } else {
      const chain = frame.layered.chains[i] ?? [];
      const points = forward(frame, chain, outPorts.get(i) ?? 0, inPorts.get(i) ?? 0);
      edges.set(edge.key, { shape, points });
    }
  });
  return { edges, height: lanes === 0 ? height : height + LANE * (lanes + 1.5) };
}

// Control points of the cubic from a to b; level at both ends.
export function controls(a: Point, b: Point, shape: Shape4): [Point, Point] {
  if (shape === "down") return [{ x: b.x, y: a.y }, { x: b.x, y: b.y }];
  if (shape === "up") return [{ x: a.x, y: a.y }, { x: a.x, y: b.y }];
  const middle = (a.x + b.x) / 2;
  return [
    { x: middle, y: a.y },
    { x: middle, y: b.y },
  ];
}

type Shape4 = "level" | "down" | "up";

function shapeOf(route: Route, segment: number): Shape4 {
  if (route.shape !== "back") return "level";
  return segment === 1 ? "down" : segment === 3 ? "up" : "level";
}

const r1 = (n: number) => Math.round(n * 10) / 10;

export function pathOf(route: Route): string {
  const [first] = route.points;
  if (first === undefined) return "";
  if (route.shape === "loop") {
    // A small ear at the card's right side: there is no room between cards above each other.
    const { x, y } = first;
    return `M${r1(x)} ${r1(y - 9)}C${r1(x + 24)} ${r1(y - 16)} ${r1(x + 24)} ${r1(y + 16)} ${r1(x)} ${r1(y + 9)}`;
  }
  let path = `M${r1(first.x)} ${r1(first.y)}`;
  for (let i = 1; i < route.points.length; i += 1) {
    const a = route.points[i - 1] ?? first;
    const b = route.points[i] ?? first;
    if (Math.abs(a.y - b.y) < 0.05) {
      path += `H${r1(b.x)}`;
      continue;
    }
    const [c, d] = controls(a, b, shapeOf(route, i));
    path += `C${r1(c.x)} ${r1(c.y)} ${r1(d.x)} ${r1(d.y)} ${r1(b.x)} ${r1(b.y)}`;
  }
  return path;
}

function cubic(a: Point, c: Point, d: Point, b: Point, t: number): Point {
  const s = 1 - t;
  const k0 = s * s * s;
  const k1 = 3 * s * s * t;
  const k2 = 3 * s * t * t;
  const k3 = t * t * t;
  return {
    x: k0 * a.x + k1 * c.x + k2 * d.x + k3 * b.x,
    y: k0 * a.y + k1 * c.y + k2 * d.y + k3 * b.y,
  };
}

// The drawn line as points, `perSegment` for each piece.
export function flatten(route: Route, perSegment = 12): Point[] {
  const [first] = route.points;
  if (first === undefined || route.shape === "loop") return first === undefined ? [] : [first];
  const out: Point[] = [first];
  for (let i = 1; i < route.points.length; i += 1) {
    const a = route.points[i - 1] ?? first;
    const b = route.points[i] ?? first;
    const [c, d] = controls(a, b, shapeOf(route, i));
    for (let k = 1; k <= perSegment; k += 1) out.push(cubic(a, c, d, b, k / perSegment));
  }
  return out;
}

// Points at the given shares of the line's length.
export function pointsAlong(route: Route, shares: readonly number[]): Point[] {
  const line = flatten(route);
  const along = [0];
  for (let i = 1; i < line.length; i += 1) {
    const a = line[i - 1] ?? { x: 0, y: 0 };
    const b = line[i] ?? a;
    along.push((along[i - 1] ?? 0) + Math.hypot(b.x - a.x, b.y - a.y));
  }
  const total = along.at(-1) ?? 0;
  return shares.map((share) => {
    const want = share * total;
    let i = along.findIndex((length) => length >= want);
    if (i <= 0) i = Math.min(1, line.length - 1);
    const a = line[i - 1] ?? line[0] ?? { x: 0, y: 0 };
    const b = line[i] ?? a;
    const span = (along[i] ?? 0) - (along[i - 1] ?? 0);
    const f = span > 0 ? (want - (along[i - 1] ?? 0)) / span : 0;
    return { x: a.x + (b.x - a.x) * f, y: a.y + (b.y - a.y) * f };
  });
}
