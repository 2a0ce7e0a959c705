// SPDX-License-Identifier: Apache-2.0
// Invented data for design work: never measured, used by no test, never bundled.
// runs, a comparison, a report and alerts of the invented shop,
// in the shapes of docs/runs.md and docs/api.md.
import { LIMITS, mapAt, PHASES, phaseAt, seriesAt, verdictAt } from "./shop_scenario.mjs";

const SECONDS = 640;
const LIMITS_DOC = { defaults: LIMITS, overrides: [] };
const day = 86_400;

const RUNS = [
  { id: "20261123-100000-7f3a", name: "1,500 users, scaled in steps", ago: 900, origin: "manual", generator: "wrk", labels: { branch: "main", users: "1500" }, met: false },
  { id: "20261123-091500-11aa", name: "wrk, 10 min", ago: 5400, origin: "recognised", generator: "wrk", labels: {}, met: null, healthy: true },
  { id: "20261122-180000-c0de", name: "baseline, 300 users", ago: day + 3000, origin: "manual", generator: "k6", labels: { branch: "main", users: "300" }, met: true, healthy: true },
  { id: "20261121-180000-abcd", name: "before the upgrade", ago: 2 * day, origin: "manual", generator: "locust", labels: { branch: "v0.9" }, met: false, aborted: true },
];

export function makeRuns(now) {
  return RUNS.map((run) => Object.assign(structuredClone(run), { begin: now - run.ago, state: run.aborted ? "aborted" : "done", notes: "Second of three. The quota of productcatalog is 0.25 cores." }));
}

const verdictOf = (t) => {
  const v = verdictAt(t, t);
  const top = v.candidates[0];
  return { status: v.status, bottleneck: v.bottleneck, sentence: v.sentence, class: top?.class ?? "", confidence: v.confidence, path: v.path, evidence: v.evidence };
};

function load(t0, t1, healthy) {
  const mid = healthy ? 60 : (t0 + t1) / 2;
  const rate = seriesAt(mid, 1, null, "request_rate");
  const errors = seriesAt(mid, 1, null, "errors") ?? 0;
  const p95 = seriesAt(mid, 1, null, "latency");
  const n = (t1 - t0) * rate;
  return {
    offered_rate: rate * 1.04, accepted_rate: rate - errors, requests: Math.round(n), errors: Math.round(errors * (t1 - t0)),
    latency_p50: p95 * 0.5, latency_p95: p95, latency_p99: p95 * 1.25, connections: 120, in_flight: 60,
  };
}

export function summary(run) {
  const end = run.state === "running" ? null : run.begin + SECONDS;
  return {
    id: run.id, name: run.name, origin: run.origin, state: run.state, begin: run.begin, end, duration_s: SECONDS,
    labels: run.labels, generator: run.generator, steps: run.healthy ? 1 : PHASES.length, load: load(run.healthy ? 0 : 120, SECONDS, run.healthy),
    verdict: run.healthy ? { status: "none", bottleneck: null, sentence: "Every service kept its limits." } : (({ status, bottleneck, sentence }) => ({ status, bottleneck, sentence }))(verdictOf(200)),
    objectives_met: run.met, bytes: 1_840_000,
  };
}

const rows = (names) => names.map(([name, unit, reported, seen]) => ({
  name, unit, reported, seen, difference: reported === null || seen === null || seen === 0 ? null : reported / seen - 1,
  agrees: reported === null || seen === null ? null : Math.abs(reported / seen - 1) < 0.05,
}));

const LOADGEN = (begin) => ({
  tool: "wrk", file: "wrk.txt", begin, end: begin + SECONDS, duration_s: SECONDS, requests: 612_400, errors: 4120, connect_errors: 380, timeouts: 912,
  rate: 956.9, bytes: 5.1e9, users: 120, dropped: null, mean: 118_000, max: 15_900_000, quantiles: { 0.5: 41_000, 0.95: 610_000, 0.99: 2_400_000 },
  open_loop: false, error_kinds: { timeout: 912 }, notes: ["wrk prints latencies of answered requests only"],
  reconciliation: {
    from: begin, to: begin + SECONDS, generator: "loadgenerator",
    rows: rows([["requests", "count", 612_400, 613_910], ["errors", "count", 4120, 6030], ["rate", "1/s", 956.9, 959.2], ["latency_mean", "us", 118_000, 121_400], ["latency_p50", "us", 41_000, 41_900], ["latency_p95", "us", 610_000, 1_480_000], ["latency_p99", "us", 2_400_000, 4_100_000]]),
    offered_rate: 998, accepted_rate: 949, connect_failures: 4210,
    saturation: { cpu_usage: 1.6, cpu_quota: 2, cpu_throttled: 0.02, run_queue_wait: 2100, text: "The generator used 1.6 of 2 cores: it was not the limit." },
    coordinated_omission: { closed_loop: true, in_flight_mean: 119.6, in_flight_spread: 0.03, corrected: { p50: 44_000, p95: 5_200_000, p99: 11_800_000 }, text: "It waits for each answer before it sends the next: while the system hung, it sent nothing, and what it did not send is not in its percentiles." },
    findings: ["It counts 1,910 errors less than were seen: answers cut short are no errors to it.", "Its p95 is 59 % below what was seen."],
  },
});

const result = (subject, metric, value) => ({ ...subject, metric, limit: LIMITS[metric], value, over_share: value > LIMITS[metric] ? 0.72 : 0, met: value <= LIMITS[metric] });
const edge = (client, server, port, protocol) => ({ client, server, port, protocol });

export function detail(run, reports = []) {
  const at = (t) => run.begin + t;
  const bounds = run.healthy ? [0, SECONDS] : [...PHASES.map((p) => p.from), SECONDS];
  const steps = bounds.slice(0, -1).map((from, i) => Object.assign(load(from, bounds[i + 1], run.healthy), {
    index: i, from: at(from), to: at(bounds[i + 1]), settled_from: at(from + 6), reason: i === 0 ? "begin" : i === 1 ? "load" : "scale",
    label: i < 2 ? "" : PHASES[i].name, shape: "plateau",
    replicas: { productcatalog: i >= 3 ? 3 : i >= 2 ? 2 : 1, cart: i >= 4 ? 2 : 1 }, verdict: verdictOf(run.healthy ? 60 : from + 30),
  }));
  const verdicts = steps.map((s) => ({ from: s.from, to: s.to, ...s.verdict }));
  return {
    ...summary(run), notes: run.notes, joined_late: false, host: "bench-1", version: "0.1.0", tier: "sock_length", bucket_seconds: 1,
    data: { from: run.begin, to: at(SECONDS) }, objectives: null, limits: LIMITS_DOC, steps,
    marks: run.healthy ? [] : [{ time: at(120), text: "1,500 users", step: true }],
    events: run.healthy ? [] : PHASES.slice(2).map((p) => ({ time: at(p.from), kind: "scale", service: p.name.split(" ")[0], instance: "", text: p.name })),
    verdicts,
    results: run.healthy ? [result({ service: "frontend" }, "latency", 42_000), result({ service: "cart" }, "latency", 9000)] : [
      result(edge("loadgenerator", "frontend", 8080, "http"), "latency", 13.1e6), result({ service: "frontend" }, "latency", 13.1e6), result({ service: "productcatalog" }, "latency", 10.2e6),
      result(edge("frontend", "productcatalog", 3550, "grpc"), "connect_failures", 31), result({ service: "recommendation" }, "latency", 4.1e6), result({ service: "cart" }, "latency", 0.9e6),
      result({ service: "currency" }, "latency", 2200), result({ service: "payment" }, "latency", 5100),
    ],
    loadgen: reports.length > 0 || !run.healthy ? [LOADGEN(run.begin), ...reports] : [], losses: { ring_full: 12 }, doubts: run.healthy ? [] : ["4 s were not watched: the agent was kept off the CPU"],
  };
}

export const reportOf = LOADGEN;

// Which second of the scenario a query of a run means.
export function timeOf(run, query) {
  const bounds = run.healthy ? [0, SECONDS] : [...PHASES.map((p) => p.from), SECONDS];
  if (query.has("at")) return Number(query.get("at")) - run.begin;
  if (query.has("step")) return bounds[Number(query.get("step"))] + 30;
  if (query.has("from")) return (Number(query.get("from")) + Number(query.get("to"))) / 2 - run.begin;
  return 200;
}

export function runMap(run, query) {
  const t = run.healthy ? 60 : Math.max(0, timeOf(run, query));
  return { ...mapAt(t, run.begin + Math.round(t), run.begin, false), run: run.id };
}

export function runSeries(run, query) {
  const from = Number(query.get("from")), to = Number(query.get("to")), step = Number(query.get("step") ?? 1) || 1;
  const edge = query.has("edge") ? Number(query.get("edge")) : null;
  const node = query.has("node") ? Number(query.get("node")) : null;
  const times = [];
  for (let time = from; time < to; time += step) times.push(time);
  const names = query.get("metrics").split(",");
  // The entry calls: its own numbers are those of its first call.
  const of = (name, t) => (node === 1 ? seriesAt(t, 1, null, name) : seriesAt(t, edge, node, name));
  return { from, to, step, times, limits: LIMITS, series: Object.fromEntries(names.map((name) => [name, times.map((time) => of(name, run.healthy ? (time - run.begin) % 100 : time - run.begin))])) };
}

export function runTimeline(run) {
  const body = { from: run.begin, to: run.begin + SECONDS, step: 2, state: [], bottleneck: [], request_rate: [] };
  for (let t = 0; t < SECONDS; t += 2) {
    const at = run.healthy ? 60 : t;
    const phase = phaseAt(at);
    body.state.push(phase === 0 || phase === 4 ? "ok" : "over");
    body.bottleneck.push(verdictAt(at, at).bottleneck_id);
    body.request_rate.push(seriesAt(at, 1, null, "request_rate"));
  }
  return body;
}

const LESS_IS_BETTER = new Set(["latency_avg", "latency_p50", "latency_p95", "latency_p99", "connect_latency", "error_share", "connect_failure_share"]);

function deltaOf(metric, a, b) {
  const change = a === null || b === null || a === 0 ? null : b / a - 1;
  const significant = change === null ? (a ?? 0) !== (b ?? 0) : Math.abs(change) > 0.08;
  const direction = !significant ? "none" : !LESS_IS_BETTER.has(metric) ? "different" : b > a ? "worse" : "better";
  return { a, b, change, low: change === null ? null : change - 0.06 * (1 + Math.abs(change)), high: change === null ? null : change + 0.06 * (1 + Math.abs(change)), p: significant ? 1e-6 : 0.4, q: significant ? 4e-5 : 0.6, significant, direction };
}

function valuesOf(item) {
  const { metrics: m, details: d } = item;
  const rate = m.request_rate || 1;
  return {
    latency_avg: d.latency_avg ?? null, latency_p50: d.latency_p50 ?? null, latency_p95: m.latency, latency_p99: d.latency_p99 ?? null,
    connect_latency: m.connect_latency, request_rate: m.request_rate, traffic: m.traffic, error_share: m.errors / rate, connect_failure_share: m.connect_failures / rate,
  };
}

const deltas = (x, y) => Object.fromEntries(Object.keys(valuesOf(x)).map((name) => [name, deltaOf(name, valuesOf(x)[name], valuesOf(y)[name])]));
const end = (s, ref) => ({ ref, label: s.label, run: s.run.id, step: s.step, from: s.from, to: s.to, seconds: s.to - s.from, bucket_seconds: 1, offered_rate: s.map.edges[0].metrics.request_rate });

export function compare(side, refs) {
  const [a, b] = [side.a, side.b];
  const names = new Map(a.map.nodes.map((n) => [n.id, n.name]));
  const edges = a.map.edges.map((edge) => {
    const other = b.map.edges.find((e) => e.id === edge.id);
    const gone = names.get(edge.server) === "internet";
    const born = names.get(edge.client) === "productcatalog";
    const metrics = deltas(edge, other);
    for (const delta of Object.values(metrics)) {
      if (gone) Object.assign(delta, { b: null, change: null, significant: false, direction: "none" });
      if (born) Object.assign(delta, { a: null, change: null, significant: false, direction: "none" });
    }
    return { client: names.get(edge.client), server: names.get(edge.server), port: edge.port, protocol: edge.protocol, id_a: born ? null : edge.id, id_b: gone ? null : edge.id, presence: gone ? "vanished" : born ? "new" : "both", metrics };
  });
  const services = a.map.nodes.map((node) => ({ service: node.name, id_a: node.id, id_b: node.id, presence: "both", entry_us: 0, metrics: deltas(node, b.map.nodes.find((n) => n.id === node.id)) }));
  const ranked = edges.filter((e) => e.presence === "both").flatMap((e) => ["latency_p95", "error_share", "connect_failure_share"].map((metric) => Object.assign({ client: e.client, server: e.server, port: e.port, protocol: e.protocol, metric, weight: 1, text: "" }, e.metrics[metric])))
    .filter((row) => row.significant).sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a)).slice(0, 18);
  const loads = [a, b].map((s) => s.map.edges[0].metrics.request_rate);
  const change = loads[1] / loads[0] - 1;
  return {
    a: end(a, refs.a), b: end(b, refs.b), verdict: ranked.length > 0 ? "changed" : "same",
    sentence: ranked.length > 0 ? `${ranked[0].client} → ${ranked[0].server} changed most; ${ranked.length} changes are larger than chance explains.` : "No change is larger than chance explains.",
    alpha: 0.05, min_change: 0.05, tests: edges.length * 9, load: { a: loads[0], b: loads[1], change, matched: Math.abs(change) <= 0.1, text: Math.abs(change) <= 0.1 ? "" : "Latencies are compared at different loads." },
    edges, services, ranked, budgets: [], within: null, warnings: [],
  };
}
