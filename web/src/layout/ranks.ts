// SPDX-License-Identifier: Apache-2.0
// Cycle breaking and layer assignment.
import type { Graph } from "./graph";

export interface Ranked {
  index: Map<string, number>;
  // Per edge: its ends as node indices, and whether it takes part in the layering.
  ends: { from: number; to: number; shape: "forward" | "back" | "loop" }[];
  rank: Int32Array;
}

function resolve(graph: Graph): Ranked {
  const index = new Map(graph.nodes.map((node, i) => [node.key, i]));
  const ends = graph.edges.map((edge) => {
    const from = index.get(edge.from);
    const to = index.get(edge.to);
    if (from === undefined || to === undefined) {
      throw new Error(`edge ${edge.key} names a node that is not in the graph`);
    }
    return { from, to, shape: from === to ? ("loop" as const) : ("forward" as const) };
  });
  return { index, ends, rank: new Int32Array(graph.nodes.length) };
}

function outEdges(ranked: Ranked, nodes: number): number[][] {
  const out: number[][] = Array.from({ length: nodes }, () => []);
  ranked.ends.forEach((end, i) => {
    if (end.shape === "forward") out[end.from]?.push(i);
  });
  return out;
}

// Roots first: entries, then nodes nobody calls, then by name, so that the answer does not depend
// on the order in which the server happened to list them.
function roots(graph: Graph, ranked: Ranked): number[] {
  const callers = new Int32Array(graph.nodes.length);
  for (const end of ranked.ends) {
    if (end.shape === "forward") callers[end.to] = (callers[end.to] ?? 0) + 1;
  }
  const key = (i: number) => graph.nodes[i]?.key ?? "";
  return graph.nodes
    .map((_, i) => i)
    .sort(
      (a, b) =>
        Number(graph.nodes[b]?.entry ?? false) - Number(graph.nodes[a]?.entry ?? false) ||
        (callers[a] ?? 0) - (callers[b] ?? 0) ||
        (key(a) < key(b) ? -1 : 1),
    );
}

// Depth first, without recursion; an edge to a node still being visited closes a cycle.
function markBackEdges(graph: Graph, ranked: Ranked): void {
  for (const end of ranked.ends) {
    if (end.shape === "forward" && graph.nodes[end.to]?.entry) end.shape = "back";
  }
  const out = outEdges(ranked, graph.nodes.length);
  const seen = new Uint8Array(graph.nodes.length); // 0 new, 1 on the stack, 2 done
  for (const root of roots(graph, ranked)) {
    if (seen[root] !== 0) continue;
    const stack = [{ node: root, next: 0 }];
    seen[root] = 1;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = out[top.node]?.[top.next];
      if (edge === undefined) {
        seen[top.node] = 2;
        stack.pop();
        continue;
      }
      top.next += 1;
      const end = ranked.ends[edge];
      if (end === undefined) continue;
      if (seen[end.to] === 1) end.shape = "back";
      else if (seen[end.to] === 0) {
        seen[end.to] = 1;
        stack.push({ node: end.to, next: 0 });
      }
    }
  }
}

function longestPath(ranked: Ranked, out: number[][]): void {
  const waiting = new Int32Array(out.length);
  for (const end of ranked.ends) {
    if (end.shape === "forward") waiting[end.to] = (waiting[end.to] ?? 0) + 1;
  }
  const ready: number[] = [];
  waiting.forEach((n, i) => {
    if (n === 0) ready.push(i);
  });
  for (let head = 0; head < ready.length; head += 1) {
    const node = ready[head] ?? 0;
    for (const edge of out[node] ?? []) {
      const to = ranked.ends[edge]?.to ?? 0;
      ranked.rank[to] = Math.max(ranked.rank[to] ?? 0, (ranked.rank[node] ?? 0) + 1);
      waiting[to] = (waiting[to] ?? 0) - 1;
      if (waiting[to] === 0) ready.push(to);
    }
  }
}

// A caller nobody calls, which is not an entry (a queue's consumer, a cron job), stands right
// before what it calls, not at the far left.
function pullSources(graph: Graph, ranked: Ranked, out: number[][]): void {
  if (!graph.nodes.some((node) => node.entry)) return;
  const called = new Uint8Array(out.length);
  for (const end of ranked.ends) if (end.shape === "forward") called[end.to] = 1;
  graph.nodes.forEach((node, i) => {
    if (node.entry || called[i] === 1) return;
    const targets = (out[i] ?? []).map((edge) => ranked.rank[ranked.ends[edge]?.to ?? 0] ?? 0);
    if (targets.length > 0) ranked.rank[i] = Math.max(0, Math.min(...targets) - 1);
  });
}

export function rankNodes(graph: Graph): Ranked {
  const ranked = resolve(graph);
  markBackEdges(graph, ranked);
  const out = outEdges(ranked, graph.nodes.length);
  longestPath(ranked, out);
  pullSources(graph, ranked, out);
  return ranked;
}
