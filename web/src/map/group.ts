// SPDX-License-Identifier: Apache-2.0
// Namespaces as single nodes: rates add up, latencies and states take the worst.
import type { MapEdge, MapNode, Role, Snapshot, State, Value, Values, Worst } from "../api/types";

export interface Grouped {
  snapshot: Snapshot;
  keyOf(node: MapNode): string;
  members(node: MapNode): number; // 0 for a service, else how many services a group holds
}

const RANK: Record<State, number> = { over: 4, near: 3, ok: 2, nodata: 1, idle: 0 };

export function worstState(states: readonly State[]): State {
  return states.reduce<State>((worst, state) => (RANK[state] > RANK[worst] ? state : worst), "idle");
}

// Latencies, ages and shares do not add up; the group shows its worst.
function isLevel(metric: string): boolean {
  return /latency|throttled|wait|oldest|psi/.test(metric);
}

function fold(list: readonly Values[]): Values {
  const out: Values = {};
  for (const values of list) {
    for (const [name, value] of Object.entries(values)) {
      const before: Value = out[name] ?? null;
      if (value === null) out[name] = before;
      else if (before === null) out[name] = value;
      else out[name] = isLevel(name) ? Math.max(before, value) : before + value;
    }
  }
  return out;
}

function foldStates(list: readonly Record<string, State>[]): Record<string, State> {
  const out: Record<string, State> = {};
  for (const states of list) {
    for (const [name, state] of Object.entries(states)) {
      out[name] = worstState([out[name] ?? "idle", state]);
    }
  }
  return out;
}

function foldWorst(list: readonly (Worst | null)[]): Worst | null {
  return list.reduce((a, b) => (b !== null && b.severity > (a?.severity ?? -1) ? b : a), null);
}

function earliest(list: readonly (number | null)[]): number | null {
  const known = list.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function measured(list: readonly (MapNode | MapEdge)[]) {
  return {
    state: worstState(list.map((item) => item.state)),
    since: earliest(list.map((item) => item.since)),
    worst: foldWorst(list.map((item) => item.worst)),
    metrics: fold(list.map((item) => item.metrics)),
    states: foldStates(list.map((item) => item.states)),
    details: fold(list.map((item) => item.details)),
  };
}

function foldNodes(id: number, namespace: string, members: MapNode[]): MapNode {
  const roles = new Set(members.map((node) => node.role));
  const role: Role = roles.has("origin") ? "origin" : roles.has("victim") ? "victim" : null;
  return {
    id,
    name: namespace,
    namespace,
    kind: "group",
    entry: members.some((node) => node.entry),
    instances: members.flatMap((node) => node.instances),
    replicas: 1,
    role,
    ...measured(members),
  };
}

function plain(snapshot: Snapshot): Grouped {
  return { snapshot, keyOf: (node) => `n${node.id}`, members: () => 0 };
}

// `expanded` are the namespaces shown as their services; null switches grouping off.
// Group ids are negative, so that they never meet a service's.
export function groupSnapshot(input: Snapshot, expanded: ReadonlySet<string> | null): Grouped {
  if (expanded === null) return plain(input);
  const byNamespace = new Map<string, MapNode[]>();
  for (const node of input.nodes) {
    if (node.namespace === "" || expanded.has(node.namespace)) continue;
    byNamespace.set(node.namespace, [...(byNamespace.get(node.namespace) ?? []), node]);
  }
  const names = [...byNamespace.keys()].sort();
  if (names.length === 0) return plain(input);
  const groupOf = new Map<number, number>();
  const sizes = new Map<number, number>();
  const nodes = input.nodes.filter((node) => !byNamespace.has(node.namespace));
  names.forEach((name, i) => {
    const members = byNamespace.get(name) ?? [];
    const id = -1 - i;
    for (const node of members) groupOf.set(node.id, id);
    sizes.set(id, members.length);
    nodes.push(foldNodes(id, name, members));
  });
  const between = new Map<string, MapEdge[]>();
  const edges: MapEdge[] = [];
  for (const edge of input.edges) {
    const client = groupOf.get(edge.client) ?? edge.client;
    const server = groupOf.get(edge.server) ?? edge.server;
    if (client === server && client < 0) continue; // inside the group
    if (client === edge.client && server === edge.server) edges.push(edge);
    else {
      const key = `${client} ${server}`;
      between.set(key, [...(between.get(key) ?? []), { ...edge, client, server }]);
    }
  }
  for (const list of between.values()) {
    const [first] = list;
    if (first === undefined) continue;
    // The smallest id of the bundle names it, the same at every tick.
    const id = Math.min(...list.map((edge) => edge.id));
    edges.push({ ...first, ...measured(list), id, on_path: list.some((edge) => edge.on_path) });
  }
  const inGroup = (id: number) => groupOf.get(id) ?? id;
  const verdict = {
    ...input.verdict,
    path_ids: input.verdict.path_ids.map(inGroup),
    bottleneck_id: input.verdict.bottleneck_id === null ? null : inGroup(input.verdict.bottleneck_id),
  };
  return {
    snapshot: { ...input, nodes, edges, verdict },
    keyOf: (node) => (node.id < 0 ? `g${node.namespace}` : `n${node.id}`),
    members: (node) => sizes.get(node.id) ?? 0,
  };
}
