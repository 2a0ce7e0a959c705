// SPDX-License-Identifier: Apache-2.0
// Invented data for design work: never measured, used by no test, never bundled.
// a load test that goes wrong and is scaled out of trouble,
// as a pure function of time.
const SERVICES = [
  ["loadgenerator", "client"], ["frontend", "service"], ["ad", "service"],
  ["recommendation", "service"], ["checkout", "service"], ["productcatalog", "service"],
  ["cart", "service"], ["currency", "service"], ["payment", "service"], ["email", "service"],
  ["shipping", "service"], ["quote", "service"], ["featureflag", "service"],
  ["postgresql", "database"], ["redis", "cache"], ["kafka", "queue"], ["accounting", "service"],
  ["frauddetection", "service"], ["ntpd", "service"], ["internet", "external"],
];
// client, server, port, protocol, requests/s at rest, bytes per request, latency at rest (µs)
const CALLS = [
  ["loadgenerator", "frontend", 8080, "http", 310, 9000, 42_000],
  ["frontend", "productcatalog", 3550, "grpc", 290, 2600, 6_000],
  ["frontend", "recommendation", 9001, "grpc", 60, 500, 21_000],
  ["frontend", "cart", 7070, "grpc", 110, 340, 9_000],
  ["frontend", "checkout", 5050, "grpc", 24, 900, 60_000],
  ["frontend", "currency", 7001, "grpc", 220, 160, 1_800],
  ["frontend", "shipping", 50050, "grpc", 60, 200, 11_000],
  ["frontend", "ad", 9555, "grpc", 50, 260, 7_500],
  ["recommendation", "productcatalog", 3550, "grpc", 60, 2600, 6_100],
  ["checkout", "productcatalog", 3550, "grpc", 40, 2600, 6_300],
  ["checkout", "cart", 7070, "grpc", 24, 340, 9_500],
  ["checkout", "currency", 7001, "grpc", 44, 160, 1_900],
  ["checkout", "payment", 50051, "grpc", 24, 210, 5_100],
  ["checkout", "email", 6060, "http", 24, 800, 9_400],
  ["checkout", "shipping", 50050, "grpc", 24, 200, 11_200],
  ["checkout", "kafka", 9092, "kafka", 24, 600, 2_400],
  ["shipping", "quote", 8090, "http", 60, 180, 7_700],
  ["cart", "redis", 6379, "redis", 260, 120, 400],
  ["cart", "featureflag", 50053, "grpc", 20, 90, 3_000],
  ["recommendation", "featureflag", 50053, "grpc", 60, 90, 2_900],
  ["ad", "featureflag", 50053, "grpc", 50, 90, 2_700],
  ["productcatalog", "featureflag", 50053, "grpc", 90, 90, 2_800],
  ["featureflag", "postgresql", 5432, "postgresql", 200, 240, 900],
  ["accounting", "kafka", 9092, "kafka", 12, 600, 310_000],
  ["ntpd", "internet", 123, "unknown", 1, 90, 21_000],
  ["frauddetection", "kafka", 9092, "kafka", 12, 600, 320_000],
];
export const LIMITS = {
  traffic: null, request_rate: null, errors: 0, latency: 1e6, connect_latency: 1e4,
  connect_failures: 0,
};
export const PHASES = [
  { name: "healthy", from: 0 }, { name: "overload", from: 120 },
  { name: "productcatalog ×2", from: 280 }, { name: "productcatalog ×3", from: 400 },
  { name: "cart ×2", from: 520 },
];
const SICK = {
  "loadgenerator>frontend": [15e6, 4.1e6, 1.6e6], "frontend>productcatalog": [11e6, 2.9e6, 40e3],
  "frontend>recommendation": [5.1e6, 2.2e6, 90e3], "recommendation>productcatalog": [4.2e6, 1.8e6, 44e3],
  "checkout>productcatalog": [3.9e6, 1.6e6, 42e3], "frontend>checkout": [4.4e6, 2.4e6, 880e3],
  "frontend>cart": [120e3, 900e3, 1.3e6], "checkout>cart": [110e3, 850e3, 1.2e6],
};
const FAIL = { "frontend>productcatalog": [63, 9, 0], "checkout>productcatalog": [24, 4, 0] };
const ERRORS = { "loadgenerator>frontend": [38, 6, 0], "frontend>productcatalog": [41, 7, 0] };
const PATHS = [
  ["loadgenerator", "frontend", "productcatalog"], ["loadgenerator", "frontend", "productcatalog"],
  ["loadgenerator", "frontend", "cart"],
];

const noise = (seed, t) => {
  const x = Math.sin(seed * 127.1 + Math.floor(t) * 311.7) * 43758.5453;
  return x - Math.floor(x);
};
export const phaseAt = (t) => PHASES.reduce((best, p, i) => (t >= p.from ? i : best), 0);
const hostile = process.env.PANO_HOSTILE === "1";
const shown = (name) => (hostile && name === "ad" ? "<img src=x onerror=window.__pwned=1>" : name);
export const idOf = (name) => SERVICES.findIndex(([n]) => n === name) + 1;

const judge = (metric, value) => {
  const limit = LIMITS[metric];
  if (value === null) return "nodata";
  if (limit === null) return "ok";
  if (value > limit) return "over";
  return limit > 0 && value >= 0.8 * limit ? "near" : "ok";
};
const RANK = { over: 3, near: 2, ok: 1, idle: 0, nodata: 0 };
function judged(metrics, startedAt, time) {
  const states = {};
  let worst = null;
  for (const [metric, value] of Object.entries(metrics)) {
    states[metric] = judge(metric, value);
    if (RANK[states[metric]] < 2) continue;
    const limit = LIMITS[metric];
    const severity = limit === 0 ? 10 + Math.log10(1 + value) : value / limit;
    if (worst === null || severity > worst.severity) worst = { metric, value, limit, severity };
  }
  const state = Object.values(states).reduce((a, b) => (RANK[b] > RANK[a] ? b : a), "ok");
  if (metrics.latency > LIMITS.latency) {
    worst = { metric: "latency", value: metrics.latency, limit: 1e6, severity: metrics.latency / 1e6 };
  }
  return { state, since: state === "ok" ? null : Math.min(startedAt, time), worst, metrics, states };
}

function edgeValues(call, index, t) {
  const [client, server, , , rate, size, latency] = call;
  const key = `${client}>${server}`;
  const phase = phaseAt(t);
  const sick = phase >= 1 && phase <= 3;
  const level = SICK[key]?.[phase - 1];
  const jitter = 0.94 + 0.12 * noise(index, t);
  const load = phase === 0 ? 1 : [2.1, 3.2, 3.7, 4.2][phase - 1];
  const requests = rate * load * jitter;
  const p95 = (sick && level ? level : latency * (1 + 0.2 * (load - 1))) * jitter;
  const fails = sick ? (FAIL[key]?.[phase - 1] ?? 0) * jitter : 0;
  const errors = sick ? (ERRORS[key]?.[phase - 1] ?? 0) * jitter : 0;
  const connect = fails > 0 ? 87_000 * jitter : 380 * jitter;
  return {
    metrics: {
      traffic: requests * size, request_rate: requests, errors, latency: p95,
      connect_latency: ["redis", "postgresql"].includes(server) ? null : connect,
      connect_failures: fails,
    },
    details: {
      latency_avg: p95 * 0.6, latency_p50: p95 * 0.5, latency_p95: p95, latency_p99: p95 * 1.25,
      latency_max: p95 * 1.6, client_error: 0, server_error: errors * 0.7, timeout: errors * 0.3,
      connect_latency_avg: connect * 0.6, retrans_syn: fails * 1.6, server_resets: fails * 0.4,
      client_resets: 0, retrans: jitter, zero_window: 0, accept_overflow: fails * 1.5,
      in_flight: Math.round((requests * p95) / 2e6), oldest_in_flight: p95 * 1.4,
      connections: Math.round(20 + requests / 20), unnamed_requests: 0,
      latency_server_p95: p95 * 0.7, latency_difference: p95 * 0.2,
    },
  };
}

export function throttled(name, t) {
  const phase = phaseAt(t);
  if (name === "productcatalog") return [0.04, 0.92, 0.71, 0.12, 0.05][phase] * (0.95 + 0.05 * noise(3, t));
  if (name === "cart") return [0.03, 0.1, 0.55, 0.81, 0.06][phase] * (0.95 + 0.05 * noise(4, t));
  return 0;
}
const replicasOf = (name, t) => {
  const phase = phaseAt(t);
  if (name === "productcatalog") return phase < 2 ? 1 : phase < 3 ? 2 : 3;
  return name === "cart" && phase === 4 ? 2 : 1;
};

export function verdictAt(t, time) {
  const phase = phaseAt(t);
  if (phase === 0 || phase === 4) {
    return {
      time, bottleneck: null, bottleneck_id: null, confidence: 0.97, status: "none",
      sentence: "No bottleneck: every service is within its limits.", path: [], path_ids: [],
      steps: [], evidence: [], candidates: [], next: null,
    };
  }
  const path = PATHS[phase - 1];
  const name = path.at(-1);
  const steps = path.slice(1).map((server, i) => {
    const at = CALLS.findIndex((c) => c[0] === path[i] && c[1] === server);
    const us = edgeValues(CALLS[at], at, t).metrics.latency;
    return {
      client: path[i], server, edge: at + 1, latency_us: us, share: [0.96, 0.83][i] ?? 0.7,
      text: `${path[i]} waits ${(us / 1e6).toFixed(1)} s for ${server}`,
    };
  });
  const throttle = Math.round(throttled(name, t) * 100);
  const evidence = [`CPU throttled ${throttle} % of the time`, "accept queue full: 94 overflows/s",
    "3 callers are slow into it", "own time explains 98 % of its latency"];
  return {
    time, bottleneck: name, bottleneck_id: idOf(name), confidence: 0.93, status: "bottleneck",
    sentence: `${name} is the bottleneck: its CPU quota holds it back ${throttle} % of the time, and its 3 callers wait for it.`,
    path, path_ids: path.map(idOf), steps, evidence,
    candidates: [
      { service: name, id: idOf(name), score: 0.93, class: "cpu_throttled", evidence, path },
      { service: "recommendation", id: idOf("recommendation"), score: 0.21, class: "slow_calls",
        evidence: ["4.2 s of its 5.1 s are spent in productcatalog"], path: ["loadgenerator", "frontend", "recommendation"] },
    ],
    next: phase < 3 ? { service: "cart", text: "cart runs at 81 % of its quota" } : null,
  };
}

const total = (list, pick) => list.reduce((sum, e) => sum + (pick(e) ?? 0), 0);
const most = (list, pick) => {
  const known = list.map(pick).filter((v) => v !== null);
  return known.length === 0 ? null : Math.max(...known);
};

export function mapAt(t, time, start, live) {
  const phase = phaseAt(t);
  const since = start + PHASES[Math.max(1, Math.min(phase, 3))].from;
  const verdict = verdictAt(t, time);
  const onPath = new Set(verdict.steps.map((s) => s.edge));
  const edges = CALLS.map((call, i) => {
    const { metrics, details } = edgeValues(call, i, t);
    return {
      id: i + 1, client: idOf(call[0]), server: idOf(call[1]), port: call[2], protocol: call[3],
      ...judged(metrics, since, time), details, on_path: onPath.has(i + 1),
    };
  });
  const nodes = SERVICES.map(([name, kind], i) => {
    const into = edges.filter((e) => e.server === i + 1);
    const list = into.length > 0 ? into : edges.filter((e) => e.client === i + 1);
    const metrics = {
      traffic: total(list, (e) => e.metrics.traffic),
      request_rate: total(list, (e) => e.metrics.request_rate),
      errors: total(list, (e) => e.metrics.errors), latency: most(list, (e) => e.metrics.latency),
      connect_latency: most(list, (e) => e.metrics.connect_latency),
      connect_failures: total(list, (e) => e.metrics.connect_failures),
    };
    const verdicts = judged(metrics, since, time);
    const replicas = replicasOf(name, t);
    const throttle = throttled(name, t);
    return {
      id: i + 1, name: shown(name), namespace: process.env.PANO_NAMESPACE ?? "shop", kind,
      entry: name === "loadgenerator", replicas,
      instances: Array.from({ length: replicas }, (_, k) => ({
        id: (i + 1) * 10 + k, name: `${name}-5d9c7-${"abcdefgh"[k]}x2z`, pid: 4000 + i * 10 + k, gone: false,
      })),
      ...verdicts,
      details: {
        cpu_usage: 0.05 + throttle * 0.2, cpu_quota: 0.25, cpu_throttled: throttle, run_queue_wait: throttle / 5,
        memory_used: 41e6, memory_limit: 128e6, psi_cpu: throttle, accept_queue: Math.round(throttle * 32),
        accept_queue_limit: 32, listen_overflow: throttle > 0.5 ? 94 : 0, oom_kills: 0, threads: 9, open_files: 71,
      },
      role: verdicts.state !== "over" ? null : verdict.bottleneck === name ? "origin" : "victim",
    };
  });
  return {
    time, from: time - 5, to: time, live, topology: hostile ? 2 : 1, nodes, edges, verdict,
    losses: { ring_full: phase > 0 ? 12 : 0, parse_gap: 3 }, stage: "full", tier: "sock_length",
  };
}

export function seriesAt(t, edge, node, metric) {
  if (edge !== null) {
    const values = edgeValues(CALLS[edge - 1], edge - 1, t);
    const server = CALLS[edge - 1][1];
    return metric === "cpu_throttled" ? throttled(server, t) : (values.metrics[metric] ?? values.details[metric] ?? null);
  }
  const found = mapAt(t, 0, 0, false).nodes[node - 1];
  return found.metrics[metric] ?? found.details[metric] ?? null;
}
export const EDGE_COUNT = CALLS.length;
export const NODE_COUNT = SERVICES.length;
