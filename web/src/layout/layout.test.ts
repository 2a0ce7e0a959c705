// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CARD, type Graph, type Layout, type LayoutOptions } from "./graph";
import { layoutGraph } from "./layout";
import { flatten } from "./route";

// The shop of the demo, as the map sees it.
const CALLS = `loadgenerator>frontend frontend>ad frontend>cart frontend>checkout frontend>currency
frontend>productcatalog frontend>recommendation frontend>shipping recommendation>productcatalog
checkout>cart checkout>productcatalog checkout>currency checkout>shipping checkout>payment
checkout>email checkout>kafka shipping>quote cart>redis cart>featureflag recommendation>featureflag
ad>featureflag productcatalog>featureflag featureflag>postgresql accounting>kafka
frauddetection>kafka`.split(/\s+/);

function graphOf(calls: readonly string[], entries: readonly string[] = ["loadgenerator"]): Graph {
  const names = [...new Set(calls.flatMap((call) => call.split(">")))];
  return {
    nodes: names.map((key) => ({ key, entry: entries.includes(key) })),
    edges: calls.map((call) => {
      const [from = "", to = ""] = call.split(">");
      return { key: call, from, to };
    }),
  };
}

// A repeatable pseudo-random layered graph.
function bigGraph(nodes: number, fanOut: number): Graph {
  let seed = 12345;
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  const calls = new Set<string>();
  for (let i = 1; i < nodes; i += 1) {
    calls.add(`s${Math.floor(random() * Math.min(i, 60) + Math.max(0, i - 60))}>s${i}`);
    for (let k = 1; k < fanOut; k += 1) {
      const to = i + 1 + Math.floor(random() * 80);
      if (to < nodes) calls.add(`s${i}>s${to}`);
    }
  }
  return graphOf([...calls], ["s0"]);
}

function hiddenEdges(graph: Graph, layout: Layout): string[] {
  const out: string[] = [];
  for (const edge of graph.edges) {
    const route = layout.edges.get(edge.key);
    if (route === undefined) continue;
    for (const point of flatten(route, 16)) {
      for (const [key, node] of layout.nodes) {
        if (key === edge.from || key === edge.to) continue;
        const inside =
          point.x > node.x + 0.5 &&
          point.x < node.x + CARD.width - 0.5 &&
          Math.abs(point.y - node.y) < CARD.height / 2 - 0.5;
        if (inside) out.push(`${edge.key} behind ${key}`);
      }
    }
  }
  return [...new Set(out)];
}

function overlaps(layout: Layout): string[] {
  const nodes = [...layout.nodes];
  const out: string[] = [];
  nodes.forEach(([a, p], i) => {
    for (const [b, q] of nodes.slice(i + 1)) {
      if (p.rank === q.rank && Math.abs(p.y - q.y) < CARD.height + 1) out.push(`${a} on ${b}`);
    }
  });
  return out;
}

const orderOf = (layout: Layout, rank: number) =>
  [...layout.nodes]
    .filter(([, at]) => at.rank === rank)
    .sort((a, b) => a[1].y - b[1].y)
    .map(([key]) => key);

const shop = graphOf(CALLS);
const lay = (graph: Graph, options: Partial<LayoutOptions> = {}) => layoutGraph(graph, options);

describe("layered layout of the shop", () => {
  const layout = lay(shop);

  it("puts every client left of its server", () => {
    for (const edge of shop.edges) {
      const from = layout.nodes.get(edge.from);
      const to = layout.nodes.get(edge.to);
      expect(from?.rank, edge.key).toBeLessThan(to?.rank ?? -1);
      expect(from?.x, edge.key).toBeLessThan(to?.x ?? -1);
    }
  });

  it("pins the entry to the left and consumers beside their queue", () => {
    expect(layout.nodes.get("loadgenerator")).toMatchObject({ rank: 0, x: 0 });
    const kafka = layout.nodes.get("kafka")?.rank ?? 0;
    expect(layout.nodes.get("accounting")?.rank).toBe(kafka - 1);
  });

  it("routes no edge behind an unrelated node and lays no node on another", () => {
    expect(hiddenEdges(shop, layout)).toEqual([]);
    expect(overlaps(layout)).toEqual([]);
  });

  it("keeps everything inside its own size", () => {
    for (const [key, at] of layout.nodes) {
      expect(at.x, key).toBeGreaterThanOrEqual(0);
      expect(at.x + CARD.width, key).toBeLessThanOrEqual(layout.width + 0.01);
      expect(at.y - CARD.height / 2, key).toBeGreaterThanOrEqual(-0.01);
      expect(at.y + CARD.height / 2, key).toBeLessThanOrEqual(layout.height + 0.01);
    }
  });

  it("draws the same map whatever order the server lists things in", () => {
    const turned = lay({ nodes: [...shop.nodes].reverse(), edges: [...shop.edges].reverse() });
    for (const [key, at] of layout.nodes) expect(turned.nodes.get(key)).toEqual(at);
  });

  it("widens the gaps to the window's shape", () => {
    const wide = lay(shop, { viewport: { width: 3000, height: 800 } });
    expect(wide.width).toBeGreaterThan(layout.width);
    expect(wide.width / wide.height).toBeCloseTo(3000 / 800, 0);
  });
});

describe("stability", () => {
  it("keeps the order of what was there when a node comes", () => {
    const before = lay(shop);
    const grown = graphOf([...CALLS, "frontend>newcomer"]);
    const after = lay(grown, { previous: before });
    for (let rank = 0; rank < before.ranks; rank += 1) {
      const kept = orderOf(after, rank).filter((key) => key !== "newcomer");
      expect(kept).toEqual(orderOf(before, rank));
    }
  });

  it("does not move anything when nothing changed", () => {
    const before = lay(shop);
    const after = lay(shop, { previous: before });
    for (const [key, at] of before.nodes) expect(after.nodes.get(key)).toEqual(at);
  });
});

describe("cycles and self calls", () => {
  const graph = graphOf(["a>b", "b>c", "c>a", "b>b", "c>d"], ["a"]);
  const layout = lay(graph);

  it("draws the closing edge below everything", () => {
    const back = layout.edges.get("c>a");
    expect(back?.shape).toBe("back");
    const lowest = Math.max(...[...layout.nodes.values()].map((n) => n.y + CARD.height / 2));
    expect(Math.max(...(back?.points ?? []).map((p) => p.y))).toBeGreaterThan(lowest);
    expect(hiddenEdges(graph, layout)).toEqual([]);
  });

  it("marks a self call as a loop at its node", () => {
    const loop = layout.edges.get("b>b");
    expect(loop?.shape).toBe("loop");
    expect(loop?.points).toHaveLength(1);
  });

  it("ends on a graph that is all cycles", () => {
    const knot = graphOf(["a>b", "b>a", "b>c", "c>b", "c>a", "a>c"], []);
    expect(lay(knot).nodes.size).toBe(3);
  });

  it("refuses an edge to nowhere", () => {
    expect(() => lay({ nodes: [{ key: "a", entry: false }], edges: [{ key: "e", from: "a", to: "x" }] })).toThrow();
  });

  it("draws nothing for nothing", () => {
    expect(lay({ nodes: [], edges: [] }).nodes.size).toBe(0);
  });
});

describe("parts that do not touch", () => {
  const strangers = ["sshd>outside", "cron>mail", "mail>relay", "ntp>pool", "x1>y1", "x2>y2", "x3>y3"];
  const graph = graphOf([...CALLS, ...strangers]);
  const layout = lay(graph);

  it("stand below the main part, and nothing lies on anything", () => {
    expect(layout.nodes.size).toBe(graph.nodes.length);
    const main = new Set(CALLS.flatMap((call) => call.split(">")));
    const bottom = Math.max(...[...layout.nodes].map(([key, at]) => (main.has(key) ? at.y : -1)));
    const nodes = [...layout.nodes];
    for (const [i, [key, at]] of nodes.entries()) {
      if (!main.has(key)) expect(at.y, key).toBeGreaterThan(bottom);
      for (const [other, its] of nodes.slice(i + 1)) {
        const apart = Math.abs(at.x - its.x) >= CARD.width || Math.abs(at.y - its.y) >= CARD.height;
        expect(apart, `${key} on ${other}`).toBe(true);
      }
    }
    expect(hiddenEdges(graph, layout)).toEqual([]);
  });

  it("do not reorder the main part", () => {
    const alone = lay(shop);
    for (const [key, at] of alone.nodes) expect(layout.nodes.get(key)).toMatchObject({ rank: at.rank, order: at.order });
  });
});

describe("large maps", () => {
  it.each([
    [200, 3],
    [1000, 3],
  ])("lays out %i nodes without hidden edges", (count, fanOut) => {
    const graph = bigGraph(count, fanOut);
    const layout = lay(graph);
    expect(layout.nodes.size).toBe(count);
    expect(overlaps(layout)).toEqual([]);
    if (count <= 200) expect(hiddenEdges(graph, layout)).toEqual([]);
  });
});
