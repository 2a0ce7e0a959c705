// SPDX-License-Identifier: Apache-2.0
// in: a snapshot and a columnar tick  out: the snapshot of the tick's second
import type { Columns, MapEdge, MapNode, Snapshot, Tick, Value } from "./types";

function row(columns: Record<string, Value[]>, at: number): Record<string, Value> {
  const out: Record<string, Value> = {};
  for (const name in columns) out[name] = columns[name]?.[at] ?? null;
  return out;
}

function places(columns: Columns): Map<number, number> {
  return new Map(columns.id.map((id, at) => [id, at]));
}

type Measured = Pick<MapEdge, "state" | "since" | "worst" | "metrics" | "states" | "details">;

function measured(columns: Columns, at: number, before: Measured): Measured {
  const states: Measured["states"] = {};
  for (const name in columns.states) states[name] = columns.states[name]?.[at] ?? "nodata";
  return {
    state: columns.state[at] ?? before.state,
    since: columns.since[at] ?? null,
    worst: columns.worst[at] ?? null,
    metrics: row(columns.metrics, at),
    states,
    details: row(columns.details, at),
  };
}

// Names, ends and instances stay as the last snapshot told them; null when the tick belongs to
// another topology, so that the caller asks for a fresh snapshot.
export function mergeTick(base: Snapshot, tick: Tick): Snapshot | null {
  if (tick.topology !== base.topology) return null;
  const edgeAt = places(tick.edges);
  const nodeAt = places(tick.nodes);
  const edges = base.edges.map((edge): MapEdge => {
    const at = edgeAt.get(edge.id);
    if (at === undefined) return edge;
    return {
      ...edge,
      ...measured(tick.edges, at, edge),
      on_path: tick.edges.on_path?.[at] ?? false,
    };
  });
  const nodes = base.nodes.map((node): MapNode => {
    const at = nodeAt.get(node.id);
    if (at === undefined) return node;
    return {
      ...node,
      ...measured(tick.nodes, at, node),
      role: tick.nodes.role?.[at] ?? null,
      replicas: tick.nodes.replicas?.[at] ?? node.replicas,
    };
  });
  return {
    ...base,
    time: tick.time,
    from: tick.time - (base.to - base.from),
    to: tick.time,
    nodes,
    edges,
    verdict: tick.verdict,
    losses: tick.losses,
    stage: tick.stage,
  };
}
