// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CARD, type Graph } from "../layout/graph";
import { layoutGraph } from "../layout/layout";
import { type Box, nodeBoxes, overlap, PILL_HEIGHT, placePills } from "./pills";

const CALLS = `lg>fe fe>rec fe>pc fe>cart fe>co rec>pc co>pc co>cart fe>ad ad>ff rec>ff cart>redis
pc>ff`.split(/\s+/);
const graph: Graph = {
  nodes: [...new Set(CALLS.flatMap((c) => c.split(">")))].map((key) => ({ key, entry: key === "lg" })),
  edges: CALLS.map((key) => ({ key, from: key.split(">")[0] ?? "", to: key.split(">")[1] ?? "" })),
};

describe("pills", () => {
  const layout = layoutGraph(graph, { viewport: { width: 1540, height: 580 } });
  const wishes = CALLS.map((key, i) => ({ key, width: 60 + (i % 4) * 12, severity: i }));
  const places = placePills(layout, wishes, CARD);
  const boxes = new Map<string, Box>();
  for (const wish of wishes) {
    const at = places.get(wish.key);
    if (at === undefined) continue;
    boxes.set(wish.key, {
      left: at.x - wish.width / 2,
      right: at.x + wish.width / 2,
      top: at.y - PILL_HEIGHT / 2,
      bottom: at.y + PILL_HEIGHT / 2,
    });
  }

  it("gives every edge over its limit a pill, all thirteen at once", () => {
    expect(places.size).toBe(CALLS.length);
  });

  it("lays none on another or on a node", () => {
    const all = [...boxes];
    for (const [i, [key, box]] of all.entries()) {
      for (const [other, its] of all.slice(i + 1)) expect(overlap(box, its), `${key} ${other}`).toBe(0);
      for (const node of nodeBoxes(layout, CARD.width, CARD.height)) expect(overlap(box, node), key).toBe(0);
    }
  });

  it("leaves out an edge that is not on the map", () => {
    expect(placePills(layout, [{ key: "gone", width: 60, severity: 1 }], CARD).size).toBe(0);
  });
});
