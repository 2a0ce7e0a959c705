// SPDX-License-Identifier: Apache-2.0
// Runs and comparisons as docs/runs.md describes them.
import type { Limits, Snapshot, Value } from "./types";

export interface RunLoad {
  offered_rate: Value;
  accepted_rate: Value;
  requests: Value;
  errors: Value;
  latency_p50: Value;
  latency_p95: Value;
  latency_p99: Value;
  connections: Value;
}

export type VerdictStatus = "bottleneck" | "none" | "unknown";

export interface RunVerdict {
  status: VerdictStatus;
  bottleneck: string | null;
  sentence: string;
}

export interface Run {
  id: string;
  name: string;
  origin: "manual" | "recognised";
  state: "running" | "done" | "aborted";
  begin: number;
  end: number | null;
  duration_s: Value; // null while it runs
  labels: Record<string, string>;
  generator: string | null;
  steps: number;
  load: RunLoad;
  verdict: RunVerdict;
  objectives_met: boolean | null;
  bytes: number;
}

export interface RunList {
  runs: Run[];
  total: number;
  recognise: boolean;
  alarms: string[];
}

export interface StepVerdict extends RunVerdict {
  class: string | null;
  confidence: Value;
  path?: string[];
  evidence?: string[];
}

export interface RunStep extends RunLoad {
  index: number;
  from: number;
  to: number;
  settled_from: number;
  reason: "begin" | "load" | "scale" | "mark";
  label: string;
  shape: "plateau" | "ramp";
  in_flight: Value;
  replicas: Record<string, number>;
  verdict: StepVerdict;
}

export interface RunMark {
  time: number;
  text: string;
  step: boolean;
}

export interface RunEvent {
  time: number;
  kind: string;
  service: string;
  instance: string;
  text: string;
}

export interface VerdictSpan extends StepVerdict {
  from: number;
  to: number;
}

export interface ObjectiveResult {
  service?: string;
  client?: string;
  server?: string;
  port?: number;
  protocol?: string;
  metric: string;
  limit: number;
  value: Value;
  over_share: Value;
  met: boolean;
}

export interface ReconciliationRow {
  name: string;
  unit: string;
  reported: Value;
  seen: Value;
  difference: Value;
  agrees: boolean | null;
}

export interface Reconciliation {
  from: number;
  to: number;
  generator: string | null;
  rows: ReconciliationRow[];
  offered_rate: Value;
  accepted_rate: Value;
  connect_failures: Value;
  saturation: {
    cpu_usage: Value;
    cpu_quota: Value;
    cpu_throttled: Value;
    run_queue_wait: Value;
    text: string;
  };
  coordinated_omission: {
    closed_loop: boolean | null;
    in_flight_mean: Value;
    in_flight_spread: Value;
    corrected: { p50: Value; p95: Value; p99: Value } | null;
    text: string;
  };
  findings: string[];
}

export interface LoadgenReport {
  tool: string;
  file: string;
  begin: number | null;
  end: number | null;
  duration_s: Value;
  requests: Value;
  errors: Value;
  connect_errors: Value;
  timeouts: Value;
  rate: Value;
  bytes: Value;
  users: Value;
  dropped: Value;
  mean: Value;
  max: Value;
  quantiles: Record<string, Value>;
  open_loop: boolean;
  error_kinds: Record<string, number>;
  notes: string[];
  reconciliation: Reconciliation;
}

export interface RunDetail extends Omit<Run, "steps"> {
  notes: string;
  joined_late: boolean;
  host: string;
  version: string;
  tier: string;
  bucket_seconds: number;
  data: { from: number; to: number };
  objectives: Limits | null;
  limits: Limits;
  steps: RunStep[];
  marks: RunMark[];
  events: RunEvent[];
  verdicts: VerdictSpan[];
  results: ObjectiveResult[];
  loadgen: LoadgenReport[];
  losses: Record<string, number>;
  doubts: string[];
}

export interface RunSnapshot extends Snapshot {
  run?: string;
}

export interface StartRun {
  name?: string;
  labels?: Record<string, string>;
  notes?: string;
  objectives?: Limits;
}

export interface PatchRun {
  name?: string;
  notes?: string;
  labels?: Record<string, string | null>;
}

export type Direction = "worse" | "better" | "different" | "none";

export interface Delta {
  a: Value;
  b: Value;
  change: Value;
  low: Value;
  high: Value;
  p: Value;
  q: Value;
  significant: boolean;
  direction: Direction;
}

export type Presence = "both" | "new" | "vanished";

export interface CompareSide {
  ref: string;
  label: string;
  run: string | null;
  step: number | null;
  from: number;
  to: number;
  seconds: number;
  bucket_seconds: number;
  offered_rate: Value;
}

export interface EdgeDelta {
  client: string;
  server: string;
  port: number;
  protocol: string;
  id_a: number | null;
  id_b: number | null;
  presence: Presence;
  metrics: Record<string, Delta>;
}

export interface ServiceDelta {
  service: string;
  id_a: number | null;
  id_b: number | null;
  presence: Presence;
  entry_us: Value;
  metrics: Record<string, Delta>;
}

export interface Ranked {
  service?: string;
  client?: string;
  server?: string;
  port?: number;
  protocol?: string;
  metric: string;
  change: Value;
  a: Value;
  b: Value;
  low: Value;
  high: Value;
  q: Value;
  direction: Direction;
  weight: Value;
  text: string;
}

export interface Comparison {
  a: CompareSide;
  b: CompareSide;
  verdict: "same" | "changed" | "shared" | "not_enough_data";
  sentence: string;
  alpha: number;
  min_change: number;
  tests: number;
  load: { a: Value; b: Value; change: Value; matched: boolean; text: string };
  edges: EdgeDelta[];
  services: ServiceDelta[];
  ranked: Ranked[];
  warnings: string[];
}
