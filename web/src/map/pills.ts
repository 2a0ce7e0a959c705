// SPDX-License-Identifier: Apache-2.0
// in: routes and the width of each pill  out: where each pill sits, off nodes and off other pills
import type { Layout, Point } from "../layout/graph";
import { pointsAlong } from "../layout/route";

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface PillWish {
  key: string; // of the edge
  width: number;
  severity: number;
}

export const PILL_HEIGHT = 20;
const MARGIN = 3;
// Near the middle first; the ends are crowded with other edges.
const SHARES = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8, 0.46, 0.54, 0.3, 0.7, 0.14, 0.86];
// The last leave the row of the cards on either side.
const SHIFTS = [0, -13, 13, -24, 24, -38, 38];

function boxAt(point: Point, width: number, margin: number): Box {
  return {
    left: point.x - width / 2 - margin,
    right: point.x + width / 2 + margin,
    top: point.y - PILL_HEIGHT / 2 - margin,
    bottom: point.y + PILL_HEIGHT / 2 + margin,
  };
}

export function overlap(a: Box, b: Box): number {
  const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return x > 0 && y > 0 ? x * y : 0;
}

export function nodeBoxes(layout: Layout, width: number, height: number): Box[] {
  return [...layout.nodes.values()].map((node) => ({
    left: node.x - 2,
    right: node.x + width + 2,
    top: node.y - height / 2 - 2,
    bottom: node.y + height / 2 + 2,
  }));
}

// The worst get the best places. An edge whose pill stays put between ticks keeps its place, as
// long as nothing worse wants it.
export function placePills(
  layout: Layout,
  wishes: readonly PillWish[],
  size: { width: number; height: number },
): Map<string, Point> {
  const nodes = nodeBoxes(layout, size.width, size.height);
  const taken: Box[] = [];
  const out = new Map<string, Point>();
  const ordered = [...wishes].sort((a, b) => b.severity - a.severity || (a.key < b.key ? -1 : 1));
  for (const wish of ordered) {
    const route = layout.edges.get(wish.key);
    if (route === undefined) continue;
    const line = pointsAlong(route, SHARES);
    let best: { cost: number; point: Point } | null = null;
    for (const shift of SHIFTS) {
      for (const on of line) {
        const point = { x: on.x, y: on.y + shift };
        const box = boxAt(point, wish.width, 0);
        const wide = boxAt(point, wish.width, MARGIN);
        let cost = Math.abs(shift) * 0.05;
        for (const other of nodes) cost += overlap(box, other) * 2;
        for (const other of taken) cost += overlap(wide, other) * 3;
        if (best === null || cost < best.cost) best = { cost, point };
        if (cost === 0) break;
      }
      if (best !== null && best.cost <= Math.abs(shift) * 0.05) break;
    }
    if (best === null) continue;
    taken.push(boxAt(best.point, wish.width, MARGIN));
    out.set(wish.key, best.point);
  }
  return out;
}
