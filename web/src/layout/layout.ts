// SPDX-License-Identifier: Apache-2.0
// in: a graph  out: its layout. Parts that do not touch each other are laid out by themselves: the
// largest on top, the others on shelves below it.
import {
  DEFAULT_OPTIONS, type Graph, type GraphEdge, type GraphNode, type Layout, type LayoutOptions,
  type Point,
} from "./graph";
import { layoutConnected } from "./layered";

const PART_GAP = 34;

function least(part: Graph): string {
  return part.nodes.reduce((a, node) => (node.key < a ? node.key : a), part.nodes[0]?.key ?? "");
}

function partsOf(graph: Graph): Graph[] {
  const parent = new Map(graph.nodes.map((node) => [node.key, node.key]));
  const root = (key: string): string => {
    let at = key;
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) {
      parent.set(at, parent.get(up) ?? up);
      at = up;
    }
    return at;
  };
  for (const edge of graph.edges) {
    if (!parent.has(edge.from) || !parent.has(edge.to)) {
      throw new Error(`edge ${edge.key} names a node that is not in the graph`);
    }
    parent.set(root(edge.from), root(edge.to));
  }
  const parts = new Map<string, { nodes: GraphNode[]; edges: GraphEdge[] }>();
  for (const node of graph.nodes) {
    const key = root(node.key);
    const part = parts.get(key) ?? { nodes: [], edges: [] };
    part.nodes.push(node);
    parts.set(key, part);
  }
  for (const edge of graph.edges) parts.get(root(edge.from))?.edges.push(edge);
  return [...parts.values()].sort(
    (a, b) => b.nodes.length - a.nodes.length || (least(a) < least(b) ? -1 : 1),
  );
}

interface Shelved {
  layout: Layout;
  at: Point;
}

// Rows of parts, left to right, no wider than `width` where that can be helped.
function shelve(layouts: readonly Layout[], width: number): { placed: Shelved[]; height: number } {
  const placed: Shelved[] = [];
  let x = 0;
  let top = 0;
  let tallest = 0;
  for (const layout of layouts) {
    if (x > 0 && x + layout.width > width) {
      top += tallest + PART_GAP;
      x = 0;
      tallest = 0;
    }
    placed.push({ layout, at: { x, y: top } });
    x += layout.width + PART_GAP * 2;
    tallest = Math.max(tallest, layout.height);
  }
  return { placed, height: top + tallest };
}

function merge(parts: readonly Shelved[]): Layout {
  const out: Layout = { nodes: new Map(), edges: new Map(), width: 0, height: 0, ranks: 0, crossings: 0 };
  for (const { layout, at } of parts) {
    for (const [key, node] of layout.nodes) {
      out.nodes.set(key, { ...node, x: node.x + at.x, y: node.y + at.y });
    }
    for (const [key, route] of layout.edges) {
      const points = route.points.map((point) => ({ x: point.x + at.x, y: point.y + at.y }));
      out.edges.set(key, { ...route, points });
    }
    out.width = Math.max(out.width, at.x + layout.width);
    out.height = Math.max(out.height, at.y + layout.height);
    out.ranks = Math.max(out.ranks, layout.ranks);
    out.crossings += layout.crossings;
  }
  return out;
}

export function layoutGraph(graph: Graph, changes: Partial<LayoutOptions> = {}): Layout {
  const options = { ...DEFAULT_OPTIONS, ...changes };
  const [main, ...rest] = partsOf(graph);
  if (main === undefined || rest.length === 0) return layoutConnected(graph, options);
  const plain = { ...options, stretch: false };
  const natural = layoutConnected(main, plain);
  const small = rest.map((part) => layoutConnected(part, plain));
  const { width, height } = options.viewport;
  // As wide as the drawing will be once its height fits the window, never narrower than the main part.
  const area = small.reduce((sum, part) => sum + (part.width + PART_GAP * 2) * (part.height + PART_GAP), 0);
  const wide = Math.sqrt((natural.width * natural.height + area) * (width / Math.max(1, height)));
  const room = Math.max(natural.width, wide);
  const shelf = shelve(small, room);
  const share = natural.height / (natural.height + PART_GAP + shelf.height);
  const top = layoutConnected(main, { ...options, viewport: { width, height: height * share } });
  const below = shelf.placed.map(({ layout, at }) => ({
    layout,
    at: { x: at.x, y: at.y + top.height + PART_GAP },
  }));
  return merge([{ layout: top, at: { x: 0, y: 0 } }, ...below]);
}
