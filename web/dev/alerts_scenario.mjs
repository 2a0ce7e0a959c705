// SPDX-License-Identifier: Apache-2.0
// Invented data for design work: never measured, used by no test, never bundled.
// alerts in the shapes of docs/api.md.
const condition = (type, rest = {}) => ({ type, ...rest });
const rule = (id, name, severity, cond, rest = {}) => ({ id, name, note: "", enabled: "auto", severity, for_s: 10, clear_s: 30, labels: {}, condition: cond, on: true, origin: "builtin", warnings: [], ...rest });

export function makeAlerts(now) {
  const alert = (id, rule, severity, text, service, role, age) => ({
    id, rule, rule_name: rule.replace("-", " "), severity, state: "firing", since: now - age - 10, firing_since: now - age,
    subject: { kind: "edge", id: 2, client: "frontend", server: service, service }, metric: "latency", value: 11e6, limit: 1e6, unit: "us",
    text, labels: {}, group: "bottleneck:productcatalog", role, silenced_by: null, flapping: false,
  });
  const alerts = [
    alert("9c1e", "bottleneck", "critical", "productcatalog is the bottleneck: held back by its CPU quota", "productcatalog", "cause", 84),
    alert("9c1f", "over-limit", "warning", "frontend → productcatalog: latency 11.0 s, limit 1.0 s", "productcatalog", "cause", 80),
    alert("9c20", "over-limit", "warning", "loadgenerator → frontend: latency 15.0 s, limit 1.0 s", "frontend", "victim", 79),
    { ...alert("9c21", "losses", "warning", "12 records a second were lost: ring_full", "", "cause", 2), state: "pending", firing_since: null, group: null },
  ];
  return {
    now: {
      time: now, on: true, why_off: "", alerts, counts: { pending: 1, firing: 3, silenced: 0 }, alarms: [],
      groups: [{
        id: "bottleneck:productcatalog", state: "firing", severity: "critical", since: now - 84, cause: "productcatalog", cause_id: 6, class: "cpu_throttled",
        title: "productcatalog is the bottleneck", sentence: "productcatalog is the bottleneck: its CPU quota holds it back 92 % of the time, and its 3 callers wait for it.",
        evidence: ["CPU throttled 92 % of the time", "accept queue full: 94 overflows/s"], alerts: ["9c1e", "9c1f", "9c20"], victims: ["frontend", "recommendation", "checkout"], silenced: false,
        sent: [{ route: "on-call", state: "sent", time: now - 78, attempts: 1, error: "" }, { route: "mail", state: "failed", time: null, attempts: 3, error: "connection refused" }],
      }],
    },
    rules: [
      rule("bottleneck", "A bottleneck", "critical", condition("bottleneck", { min_confidence: 0.6 })),
      rule("over-limit", "Over a limit", "warning", condition("over_limit", { subject: "any" }), { origin: "changed", for_s: 20 }),
      rule("losses", "Losses", "warning", condition("losses", { per_s: 10 })),
      rule("store", "Store trouble", "critical", condition("store")),
      rule("oom", "Killed or restarted", "warning", condition("event", { kinds: ["oom_kill", "restart"], count: 1 })),
      rule("cart-p99", "cart p99", "warning", condition("threshold", { metric: "latency_p99", subject: "node", op: ">", value: 250_000, service: "cartt" }), { origin: "user", enabled: true, warnings: ['there is no service "cartt" yet'] }),
    ],
    routes: [
      { id: "on-call", name: "on-call", kind: "slack", enabled: true, min_severity: "warning", matchers: [], send_resolved: true, group_wait_s: 5, repeat_s: 14_400, timeout_s: 10, verify_tls: true, ca_pem: "", target: "https://hooks.slack.com/…", secrets_set: ["url"], origin: "user", warnings: [], health: { state: "ok", sent: 14, failed: 0, waiting: 0, last_sent: now - 78, last_error: "", last_error_time: null, next_try: null } },
      { id: "mail", name: "mail", kind: "email", enabled: true, min_severity: "critical", matchers: [{ label: "service", op: "~", value: "cart*" }], send_resolved: true, group_wait_s: 5, repeat_s: 14_400, timeout_s: 10, verify_tls: true, ca_pem: "", host: "mail.example.org", port: 587, security: "starttls", from: "panoscope@example.org", to: ["ops@example.org"], target: "ops@example.org", secrets_set: ["password"], origin: "user", warnings: [], health: { state: "failing", sent: 2, failed: 3, waiting: 1, last_sent: now - 9000, last_error: "connection refused", last_error_time: now - 20, next_try: now + 40 } },
    ],
    silences: [{ id: "s1", kind: "silence", matchers: [{ label: "service", op: "=", value: "ad" }], starts_at: now - 600, ends_at: now + 3000, every: "once", comment: "known, ticket 812", created_by: "mw", created_at: now - 600, state: "active", matched: 3, origin: "user" }],
    history: [
      { number: 4, time: now - 78, kind: "message", route: "on-call", route_name: "on-call", group: "bottleneck:productcatalog", state: "firing", ok: true, status: 200, error: "", attempt: 1, title: "productcatalog is the bottleneck" },
      { number: 3, time: now - 78, kind: "message", route: "mail", route_name: "mail", group: "bottleneck:productcatalog", state: "firing", ok: false, status: null, error: "connection refused", attempt: 3, title: "productcatalog is the bottleneck" },
      { number: 2, time: now - 84, kind: "alert", alert: "9c1e", rule: "bottleneck", rule_name: "A bottleneck", severity: "critical", state: "firing", service: "productcatalog", text: "productcatalog is the bottleneck", value: null, limit: null, unit: "", group: "bottleneck:productcatalog", silenced: false, duration_s: null },
      { number: 1, time: now - 4000, kind: "alert", alert: "77aa", rule: "over-limit", rule_name: "Over a limit", severity: "warning", state: "resolved", service: "cart", text: "frontend → cart: latency 1.3 s, limit 1.0 s", value: 1.3e6, limit: 1e6, unit: "us", group: "bottleneck:cart", silenced: false, duration_s: 192 },
    ],
  };
}
