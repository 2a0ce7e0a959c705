// SPDX-License-Identifier: Apache-2.0
// The layered layout of one connected graph: cycles, layers, order, heights, stretch to the
// viewport, routes.
import type { Graph, Layout, LayoutOptions, Placed } from "./graph";
import { orderLayers } from "./order";
import { placeVertically } from "./place";
import { rankNodes } from "./ranks";
import { routeEdges } from "./route";

const MAX_GAP_X = 420;
const MAX_STRETCH_Y = 1.9;

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1;
}

// The same map whatever order the server listed things in.
function sorted(graph: Graph): Graph {
  return { nodes: [...graph.nodes].sort(byKey), edges: [...graph.edges].sort(byKey) };
}

export function layoutConnected(input: Graph, options: LayoutOptions): Layout {
  const graph = sorted(input);
  if (graph.nodes.length === 0) {
    return { nodes: new Map(), edges: new Map(), width: 0, height: 0, ranks: 0, crossings: 0 };
  }
  const ranked = rankNodes(graph);
  const layered = orderLayers(graph, ranked, options.previous);
  placeVertically(layered, options);

  const ranks = layered.layers.length;
  const top = Math.min(...layered.vertices.map((v) => v.y));
  const span = Math.max(...layered.vertices.map((v) => v.y)) - top;
  const aspect = options.stretch ? options.viewport.width / Math.max(1, options.viewport.height) : 0;
  const tight = ranks * options.nodeWidth + (ranks - 1) * options.gapX;
  // Whichever way the drawing is too thin for the window, it is given room.
  const wantHeight = aspect > 0 ? tight / aspect - options.nodeHeight : 0;
  const stretch = span > 0 ? Math.min(MAX_STRETCH_Y, Math.max(1, wantHeight / span)) : 1;
  const height = span * stretch + options.nodeHeight;
  const wide = (height * aspect - ranks * options.nodeWidth) / Math.max(1, ranks - 1);
  const gap = Math.min(MAX_GAP_X, Math.max(options.gapX, wide));

  const x = (rank: number) => rank * (options.nodeWidth + gap);
  const y = (vertex: number) =>
    ((layered.vertices[vertex]?.y ?? 0) - top) * stretch + options.nodeHeight / 2;
  const nodes = new Map<string, Placed>();
  layered.layers.forEach((layer, rank) => {
    layer.forEach((v, order) => {
      const node = graph.nodes[v];
      if (node !== undefined) nodes.set(node.key, { x: x(rank), y: y(v), rank, order });
    });
  });
  const routed = routeEdges({ graph, ranked, layered, options, x, y }, nodes, height);
  return {
    nodes,
    edges: routed.edges,
    width: x(ranks - 1) + options.nodeWidth,
    height: routed.height,
    ranks,
    crossings: layered.crossings,
  };
}
