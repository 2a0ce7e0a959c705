// SPDX-License-Identifier: Apache-2.0
// in: nodes and edges by key  out: positions and routed edges. Pure; the same input draws the same map.
export interface GraphNode {
  key: string;
  entry: boolean;
}

export interface GraphEdge {
  key: string;
  from: string;
  to: string;
}

export interface Graph {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
}

export interface Point {
  x: number;
  y: number;
}

// forward runs left to right; back closes a cycle and runs below the map; loop is a self call.
export type Shape = "forward" | "back" | "loop";

export interface Route {
  points: Point[];
  shape: Shape;
}

export interface Placed {
  x: number; // left edge
  y: number; // centre
  rank: number;
  order: number; // place in its layer, top to bottom
}

export interface Layout {
  nodes: Map<string, Placed>;
  edges: Map<string, Route>;
  width: number;
  height: number;
  ranks: number;
  crossings: number;
}

export interface LayoutOptions {
  nodeWidth: number;
  nodeHeight: number;
  gapX: number; // least room between layers
  gapY: number; // least room between nodes of one layer
  viewport: { width: number; height: number };
  stretch: boolean; // whether to fill the viewport's shape
  previous?: Layout | undefined; // its order is the first guess
}

export interface CardSize {
  width: number;
  height: number;
}

export const CARD: CardSize = { width: 164, height: 56 };
// Without its icon; for a map that would otherwise be shrunk beyond reading.
export const SMALL_CARD: CardSize = { width: 136, height: 48 };

export const DEFAULT_OPTIONS: LayoutOptions = {
  nodeWidth: CARD.width,
  nodeHeight: CARD.height,
  gapX: 104,
  gapY: 20,
  viewport: { width: 1600, height: 800 },
  stretch: true,
};
