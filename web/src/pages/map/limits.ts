// SPDX-License-Identifier: Apache-2.0
// Which limit applies where, and the document that says so after an edit. Pure.
import type { LimitOverride, Limits } from "../../api/types";

export type Target =
  | { kind: "default" }
  | { kind: "node"; service: string }
  | { kind: "edge"; client: string; server: string };

function covers(override: LimitOverride, target: Target): boolean {
  if (target.kind === "node") return override.service === target.service;
  if (target.kind === "edge") {
    return override.client === target.client && override.server === target.server;
  }
  return false;
}

// The later of two overrides of one thing wins, as in the server.
function lookup(limits: Limits, target: Target, metric: string): LimitOverride | undefined {
  return limits.overrides.findLast((o) => o.metric === metric && covers(o, target));
}

// An edge's own limit, else its server's, else the default.
export function limitFor(limits: Limits | null, target: Target, metric: string): number | null {
  if (limits === null) return null;
  const own = lookup(limits, target, metric);
  if (own !== undefined) return own.limit;
  if (target.kind === "edge") {
    const server = lookup(limits, { kind: "node", service: target.server }, metric);
    if (server !== undefined) return server.limit;
  }
  return limits.defaults[metric] ?? null;
}

export function withLimit(
  limits: Limits,
  target: Target,
  metric: string,
  limit: number | null,
): Limits {
  if (target.kind === "default") {
    return { ...limits, defaults: { ...limits.defaults, [metric]: limit } };
  }
  const overrides = limits.overrides.filter((o) => o.metric !== metric || !covers(o, target));
  const without = { ...limits, overrides };
  // Back to what applies anyway: no override is needed.
  if (limitFor(without, target, metric) === limit) return without;
  const override: LimitOverride =
    target.kind === "node"
      ? { service: target.service, metric, limit }
      : { client: target.client, server: target.server, metric, limit };
  return { ...limits, overrides: [...overrides, override] };
}
