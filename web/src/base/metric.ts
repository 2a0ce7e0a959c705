// SPDX-License-Identifier: Apache-2.0
// What the page knows about each metric: how to print it, how to read a limit for it.
import { byteRate, bytes, count, duration, NONE, parseQuantity, percent, rate } from "./format";
import type { Key } from "./strings";

// "wait": microseconds waited per second.
export type Kind = "duration" | "wait" | "rate" | "bytes" | "byterate" | "ratio" | "count";

interface About {
  label: Key;
  kind: Kind;
}

const ABOUT: Record<string, About> = {
  traffic: { label: "m_traffic", kind: "byterate" },
  request_rate: { label: "m_request_rate", kind: "rate" },
  errors: { label: "m_errors", kind: "rate" },
  latency: { label: "m_latency", kind: "duration" },
  connect_latency: { label: "m_connect_latency", kind: "duration" },
  connect_failures: { label: "m_connect_failures", kind: "rate" },
  latency_avg: { label: "m_latency_avg", kind: "duration" },
  latency_p50: { label: "m_latency_p50", kind: "duration" },
  latency_p95: { label: "m_latency_p95", kind: "duration" },
  latency_p99: { label: "m_latency_p99", kind: "duration" },
  own_time: { label: "m_own_time", kind: "duration" },
  latency_max: { label: "m_latency_max", kind: "duration" },
  client_error: { label: "m_client_error", kind: "rate" },
  server_error: { label: "m_server_error", kind: "rate" },
  timeout: { label: "m_timeout", kind: "rate" },
  connect_latency_avg: { label: "m_connect_latency_avg", kind: "duration" },
  retrans_syn: { label: "m_retrans_syn", kind: "rate" },
  server_resets: { label: "m_server_resets", kind: "rate" },
  client_resets: { label: "m_client_resets", kind: "rate" },
  retrans: { label: "m_retrans", kind: "rate" },
  zero_window: { label: "m_zero_window", kind: "rate" },
  accept_overflow: { label: "m_accept_overflow", kind: "rate" },
  in_flight: { label: "m_in_flight", kind: "count" },
  oldest_in_flight: { label: "m_oldest_in_flight", kind: "duration" },
  connections: { label: "m_connections", kind: "count" },
  unnamed_requests: { label: "m_unnamed_requests", kind: "rate" },
  records: { label: "m_records", kind: "rate" },
  consumer_lag: { label: "m_consumer_lag", kind: "count" },
  consumer_lag_time: { label: "m_consumer_lag_time", kind: "duration" },
  latency_server_p95: { label: "m_latency_server_p95", kind: "duration" },
  latency_difference: { label: "m_latency_difference", kind: "duration" },
  cpu_usage: { label: "m_cpu_usage", kind: "count" },
  cpu_quota: { label: "m_cpu_quota", kind: "count" },
  cpu_throttled: { label: "m_cpu_throttled", kind: "ratio" },
  run_queue_wait: { label: "m_run_queue_wait", kind: "wait" },
  memory_used: { label: "m_memory_used", kind: "bytes" },
  memory_limit: { label: "m_memory_limit", kind: "bytes" },
  psi_cpu: { label: "m_psi_cpu", kind: "ratio" },
  accept_queue: { label: "m_accept_queue", kind: "count" },
  accept_queue_limit: { label: "m_accept_queue_limit", kind: "count" },
  listen_overflow: { label: "m_listen_overflow", kind: "rate" },
  oom_kills: { label: "m_oom_kills", kind: "count" },
  threads: { label: "m_threads", kind: "count" },
  open_files: { label: "m_open_files", kind: "count" },
};

export function metricLabel(name: string): Key | undefined {
  return ABOUT[name]?.label;
}

export function metricKind(name: string): Kind {
  return ABOUT[name]?.kind ?? "count";
}

function perSecond(text: string): string {
  return text === NONE ? NONE : `${text}/s`;
}

export function formatMetric(name: string, value: number | null | undefined): string {
  switch (metricKind(name)) {
    case "duration":
      return duration(value);
    case "wait":
      return perSecond(duration(value));
    case "rate":
      return rate(value);
    case "bytes":
      return bytes(value);
    case "byterate":
      return byteRate(value);
    case "ratio":
      return percent(value);
    default:
      return count(value);
  }
}

export function limitKind(name: string): "duration" | "rate" | "bytes" {
  const kind = metricKind(name);
  if (kind === "duration") return "duration";
  return kind === "byterate" || kind === "bytes" ? "bytes" : "rate";
}

// A value typed with its unit, "250 ms", "1.5k", "10 %"; undefined when it is none.
export function parseMetric(name: string, text: string): number | undefined {
  const kind = metricKind(name);
  if (kind === "ratio") {
    const match = /^(\d+(?:[.,]\d+)?)\s*(%?)$/.exec(text.trim());
    if (match === null) return undefined;
    const value = Number((match[1] ?? "").replace(",", "."));
    // To what was typed: 33.3 % is 0.333, not a hair less.
    return match[2] === "%" ? Number((value / 100).toPrecision(12)) : value;
  }
  return parseQuantity(text, kind === "wait" || kind === "duration" ? "duration" : kind === "bytes" || kind === "byterate" ? "bytes" : "rate") ?? undefined;
}

const SCALES: Partial<Record<Kind, readonly (readonly [number, string])[]>> = {
  duration: [[1e6, "s"], [1e3, "ms"], [1, "µs"]],
  wait: [[1e6, "s"], [1e3, "ms"], [1, "µs"]],
  bytes: [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]],
  byterate: [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]],
};

// The other way, exact: what is typed back means the same number.
export function typedMetric(name: string, value: number): string {
  const kind = metricKind(name);
  if (kind === "ratio") return `${Number((value * 100).toPrecision(12))} %`;
  const scale = SCALES[kind]?.find(([by]) => value !== 0 && Number.isInteger((value * 1000) / by) && Math.abs(value) >= by);
  return scale === undefined ? String(value) + (kind === "duration" && value !== 0 ? " µs" : "") : `${value / scale[0]} ${scale[1]}`;
}
