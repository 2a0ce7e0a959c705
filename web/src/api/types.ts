// SPDX-License-Identifier: Apache-2.0
// The bodies of docs/api.md. Times are unix seconds, durations microseconds, rates per second.

export const METRICS = [
  "traffic",
  "request_rate",
  "errors",
  "latency",
  "connect_latency",
  "connect_failures",
] as const;
export type Metric = (typeof METRICS)[number];

export type State = "over" | "near" | "ok" | "nodata" | "idle";
export type Role = "origin" | "victim" | null;
export type Value = number | null;
export type Values = Record<string, Value>;

export interface Worst {
  metric: string;
  value: number;
  limit: number | null;
  severity: number;
}

export interface Instance {
  id: number;
  name: string;
  pid?: number;
  gone?: boolean;
}

interface Measured {
  id: number;
  state: State;
  since: number | null;
  worst: Worst | null;
  metrics: Values;
  states: Record<string, State>;
  details: Values;
}

export interface MapNode extends Measured {
  name: string;
  namespace: string;
  kind: string;
  entry: boolean;
  instances: Instance[];
  replicas: number;
  role: Role;
}

export interface MapEdge extends Measured {
  client: number;
  server: number;
  port: number;
  protocol: string;
  on_path: boolean;
  counts?: Record<string, number>;
}

export interface Step {
  client: string;
  server: string;
  edge: number;
  latency_us: number | null;
  share: number | null;
  text: string;
}

export interface Candidate {
  service: string;
  id: number;
  score: number;
  class: string;
  confidence?: number | null;
  evidence: string[];
  path: string[];
}

export interface Verdict {
  time?: number;
  bottleneck: string | null;
  bottleneck_id: number | null;
  confidence: number | null;
  sentence: string;
  path: string[];
  path_ids: number[];
  steps: Step[];
  evidence: string[];
  candidates: Candidate[];
  demand?: { offered: number | null; accepted: number | null; text: string };
  next: { service: string; text: string } | null;
  status: "bottleneck" | "none" | "unknown";
}

export type Losses = Record<string, number>;

export interface Snapshot {
  time: number;
  from: number;
  to: number;
  live: boolean;
  topology: number;
  nodes: MapNode[];
  edges: MapEdge[];
  verdict: Verdict;
  losses: Losses;
  stage: string;
  tier: string;
}

// One array per column, all in the order of `id`.
export interface Columns {
  id: number[];
  state: State[];
  since: (number | null)[];
  worst: (Worst | null)[];
  metrics: Record<string, Value[]>;
  states: Record<string, State[]>;
  details: Record<string, Value[]>;
  on_path?: boolean[];
  role?: Role[];
  replicas?: number[];
}

export interface Tick {
  time: number;
  topology: number;
  edges: Columns;
  nodes: Columns;
  verdict: Verdict;
  losses: Losses;
  stage: string;
  events: MapEvent[];
}

export interface MapEvent {
  time: number;
  kind: string;
  service?: string;
  service_id?: number | null;
  instance?: string;
  text: string;
}

export interface Series {
  from: number;
  to: number;
  step: number;
  times: number[];
  series: Record<string, Value[]>;
  limits: Record<string, number | null>;
}

export interface Timeline {
  from: number;
  to: number;
  step: number;
  state: State[];
  bottleneck: (number | null)[];
  request_rate: Value[];
}

export interface LimitOverride {
  service?: string;
  client?: string;
  server?: string;
  metric: string;
  limit: number | null;
}

export interface Limits {
  defaults: Record<string, number | null>;
  overrides: LimitOverride[];
}

/** A cause of losses as /schema describes it. */
export interface LossInfo {
  cause: string;
  effect: "lost" | "unread" | "exact";
  unit: string;
  doc: string;
}

export interface Schema {
  losses: LossInfo[];
}
