// SPDX-License-Identifier: Apache-2.0
// Where the time of a step goes: in the service itself, or in what it calls. Pure.
// Of calls made side by side only bounds are known from averages: together they take at least the
// longest of them, and at most all of them one after the other.
import type { MapEdge, MapNode, Snapshot } from "../api/types";

export interface TimeSplit {
  total: number; // µs, what callers wait on average
  downstreamLeast: number;
  downstreamMost: number;
  ownLeast: number;
  ownMost: number;
  calls: Downstream[]; // largest first
}

export interface Downstream {
  edge: MapEdge;
  name: string;
  perRequest: number; // calls made for one request served
  waiting: number; // µs of one request spent waiting for this callee
}

// What consumers wait for in a queue is not time of a request.
const NOT_WAITING = new Set(["kafka", "amqp", "mqtt", "nats"]);

function average(edge: MapEdge): number | null {
  return edge.details["latency_avg"] ?? edge.metrics["latency"] ?? null;
}

export function timeSplit(snapshot: Snapshot, node: MapNode): TimeSplit | null {
  const into = snapshot.edges.filter((e) => e.server === node.id && e.client !== node.id);
  let requests = 0;
  let waited = 0;
  for (const edge of into) {
    const rate = edge.metrics["request_rate"] ?? 0;
    const latency = average(edge);
    if (rate <= 0 || latency === null) continue;
    requests += rate;
    waited += rate * latency;
  }
  if (requests <= 0) return null;
  const total = waited / requests;
  const calls: Downstream[] = [];
  for (const edge of snapshot.edges) {
    if (edge.client !== node.id || edge.server === node.id || NOT_WAITING.has(edge.protocol)) continue;
    const latency = average(edge);
    const perRequest = (edge.metrics["request_rate"] ?? 0) / requests;
    if (latency === null || perRequest <= 0) continue;
    const name = snapshot.nodes.find((n) => n.id === edge.server)?.name ?? "?";
    calls.push({ edge, name, perRequest, waiting: perRequest * latency });
  }
  calls.sort((a, b) => b.waiting - a.waiting);
  const longest = Math.min(total, calls[0]?.waiting ?? 0);
  const all = Math.min(total, calls.reduce((sum, call) => sum + call.waiting, 0));
  return {
    total, calls,
    downstreamLeast: longest, downstreamMost: all,
    ownLeast: total - all, ownMost: total - longest,
  };
}

export interface Sign {
  metric: string; // name of the metric that is worn out
  value: number;
  limit: number | null;
  level: number; // 0 to 1: how much of it is used up
}

function ratio(value: number | null | undefined, limit: number | null | undefined): number | null {
  if (value === null || value === undefined || limit === null || limit === undefined || limit <= 0) return null;
  return value / limit;
}

// What a service is short of, the shortest first.
export function signsOf(node: MapNode): Sign[] {
  const d = node.details;
  const out: Sign[] = [];
  const add = (metric: string, value: number | null | undefined, limit: number | null, level: number | null) => {
    if (value === null || value === undefined || level === null) return;
    out.push({ metric, value, limit, level: Math.min(1, Math.max(0, level)) });
  };
  add("cpu_throttled", d["cpu_throttled"], null, d["cpu_throttled"] ?? null);
  add("cpu_usage", d["cpu_usage"], d["cpu_quota"] ?? null, ratio(d["cpu_usage"], d["cpu_quota"]));
  add("accept_queue", d["accept_queue"], d["accept_queue_limit"] ?? null, ratio(d["accept_queue"], d["accept_queue_limit"]));
  add("memory_used", d["memory_used"], d["memory_limit"] ?? null, ratio(d["memory_used"], d["memory_limit"]));
  const overflow = d["listen_overflow"];
  add("listen_overflow", overflow, null, overflow === null || overflow === undefined ? null : overflow > 0 ? 1 : 0);
  const killed = d["oom_kills"];
  if (killed !== null && killed !== undefined && killed > 0) add("oom_kills", killed, null, 1);
  return out.sort((a, b) => b.level - a.level);
}
