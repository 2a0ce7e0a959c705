// SPDX-License-Identifier: Apache-2.0
// Heights inside the layers: each vertex as near to its neighbours as the order allows.
import type { LayoutOptions } from "./graph";
import type { Layered, Vertex } from "./order";

const ROUNDS = 24;
const DUMMY_HEIGHT = 6;

function heightOf(vertex: Vertex | undefined, options: LayoutOptions): number {
  return vertex?.dummy ? DUMMY_HEIGHT : options.nodeHeight;
}

// Distance of each vertex's centre from the layer's first, packed as tight as allowed.
function offsets(layer: number[], layered: Layered, options: LayoutOptions): number[] {
  const out: number[] = [];
  layer.forEach((v, i) => {
    const vertex = layered.vertices[v];
    const above = layered.vertices[layer[i - 1] ?? -1];
    if (i === 0 || above === undefined) {
      out.push(0);
      return;
    }
    const gap = vertex?.dummy && above.dummy ? options.gapY * 0.6 : options.gapY;
    const half = (heightOf(above, options) + heightOf(vertex, options)) / 2;
    out.push((out[i - 1] ?? 0) + half + gap);
  });
  return out;
}

// Weighted isotonic regression (pool adjacent violators) of the wished places.
function isotonic(wish: number[], weight: number[], offset: number[]): number[] {
  const blocks: { sum: number; weight: number; count: number }[] = [];
  wish.forEach((want, i) => {
    const w = weight[i] ?? 1;
    let block = { sum: (want - (offset[i] ?? 0)) * w, weight: w, count: 1 };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.weight <= block.sum / block.weight) break;
      blocks.pop();
      block = {
        sum: last.sum + block.sum,
        weight: last.weight + block.weight,
        count: last.count + block.count,
      };
    }
    blocks.push(block);
  });
  const out: number[] = [];
  for (const block of blocks) {
    for (let k = 0; k < block.count; k += 1) {
      out.push(block.sum / block.weight + (offset[out.length] ?? 0));
    }
  }
  return out;
}

function wishOf(vertex: Vertex, rightwards: boolean, layered: Layered): number {
  const first = rightwards ? vertex.up : vertex.down;
  const near = first.length > 0 ? first : rightwards ? vertex.down : vertex.up;
  if (near.length === 0) return vertex.y;
  return near.reduce((sum, w) => sum + (layered.vertices[w]?.y ?? 0), 0) / near.length;
}

export function placeVertically(layered: Layered, options: LayoutOptions): void {
  const offset = layered.layers.map((layer) => offsets(layer, layered, options));
  layered.layers.forEach((layer, r) => {
    const middle = (offset[r]?.at(-1) ?? 0) / 2;
    layer.forEach((v, i) => {
      const vertex = layered.vertices[v];
      if (vertex !== undefined) vertex.y = (offset[r]?.[i] ?? 0) - middle;
    });
  });
  const count = layered.layers.length;
  for (let round = 0; round < ROUNDS; round += 1) {
    const rightwards = round % 2 === 1;
    for (let k = 0; k < count; k += 1) {
      const r = rightwards ? k : count - 1 - k;
      const layer = layered.layers[r] ?? [];
      const vertices = layer.flatMap((v) => layered.vertices[v] ?? []);
      const wish = vertices.map((vertex) => wishOf(vertex, rightwards, layered));
      // A dummy pulls harder: a long edge that stays straight is easier to follow.
      const weight = vertices.map((vertex) => (vertex.dummy ? 2 : 1));
      const y = isotonic(wish, weight, offset[r] ?? []);
      vertices.forEach((vertex, i) => (vertex.y = y[i] ?? vertex.y));
    }
  }
}
