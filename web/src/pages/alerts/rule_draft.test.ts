// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ApiError } from "../../api/client";
import type { AlertRoute, Condition, Rule } from "../../api/alert_types";
import { parseMetric, typedMetric } from "../../base/metric";
import { problemOf, problemsOf } from "./field";
import { draftOfRoute, FRESH_ROUTE, routeOf, typedSecrets } from "./route_draft";
import { draftOf, type RuleDraft, ruleOf, withType } from "./rule_draft";

const rule = (condition: Condition): Rule => ({
  id: "r", name: "A rule", note: "n", enabled: "auto", severity: "critical", for_s: 15, clear_s: 30, labels: { team: "a=b" }, condition,
});

const draft = (condition: Condition): RuleDraft => {
  const found = draftOf(rule(condition));
  if (found === null) throw new Error("no form");
  return found;
};

describe("a rule through its form", () => {
  it.each<Condition>([
    { type: "over_limit", subject: "any" },
    { type: "over_limit", metric: "latency", subject: "edge", client: "a*", server: "b" },
    { type: "threshold", metric: "latency_p99", subject: "node", op: ">", value: 1_234_567, service: "cart" },
    { type: "threshold", metric: "cpu_throttled", subject: "node", op: "<", value: 0.07 },
    { type: "threshold", metric: "run_queue_wait", subject: "node", op: ">", value: 120_000 },
    { type: "edges_over", count: 9 },
    { type: "bottleneck", service: "cart", classes: ["memory"], min_confidence: 0.65 },
    { type: "bottleneck_changed", min_confidence: 0.6 },
    { type: "run_objectives", run: "nightly*" },
    { type: "event", kinds: ["oom_kill", "restart"], count: 2 },
    { type: "losses", per_s: 0, effects: ["lost"], causes: ["ring_full", "map_full"] },
    { type: "store" },
  ])("comes back as it was: %j", (condition) => {
    expect(ruleOf(draft(condition))).toEqual({ rule: rule(condition), problems: {} });
  });
  it("has no form for a condition of a later version", () => {
    expect(draftOf(rule({ type: "phase_of_the_moon" }))).toBeNull();
    expect(draftOf(rule({ type: "constructor" }))).toBeNull();
  });
  it("says what is wrong at its place", () => {
    const bad = { ...draft({ type: "threshold", metric: "latency", subject: "any", op: ">", value: 1 }), name: " ", for_s: "1.5", clear_s: "", labels: "x" };
    bad.text = { ...bad.text, value: "fast" };
    expect(Object.keys(ruleOf(bad).problems).sort()).toEqual(["clear_s", "condition.value", "for_s", "labels", "name"]);
  });
  it("keeps what two kinds share, and starts the rest", () => {
    const other = withType(draft({ type: "over_limit", metric: "errors", subject: "edge", server: "b" }), "threshold");
    expect(other.text).toMatchObject({ metric: "errors", subject: "edge", server: "b", op: ">", value: "" });
    expect(ruleOf(withType(other, "bottleneck")).rule.condition).toEqual({ type: "bottleneck", min_confidence: 0.6 });
  });
});

describe("a number with its unit", () => {
  it.each([["latency", 0], ["latency", 999], ["latency", 250_500], ["latency", 61_000_000], ["traffic", 12_345_678], ["request_rate", 0.5], ["cpu_throttled", 0.333], ["threads", 12], ["memory_used", 3e9]])("%s %d round trip", (metric, value) => {
    expect(parseMetric(metric, typedMetric(metric, value))).toBe(value);
  });
  it("is refused when it is none", () => {
    for (const text of ["", "x", "5 apples", "-3 ms"]) expect(parseMetric("latency", text)).toBeUndefined();
  });
});

describe("what the server says is wrong", () => {
  it("stands beside its field", () => {
    const problems = problemsOf(new ApiError("invalid", "condition.metric: is needed"));
    expect(problemOf(problems, "condition.metric")).toBe("is needed");
    expect(problemOf(problems, "name")).toBeNull();
    expect(problemOf(problemsOf(new ApiError("invalid", "to[1]: a mail address is needed")), "to")).toBe("#2: a mail address is needed");
  });
  it("is the form's where it has no place", () => {
    expect(problemsOf(new ApiError("unavailable", "disk: full"))).toEqual({ "": "disk: full" });
  });
});

describe("a route through its form", () => {
  const mail: AlertRoute = {
    ...FRESH_ROUTE, id: "m", name: "Mail", kind: "email", host: "mx.example.org", port: 0, security: "tls", auth: "auto", username: "u",
    from: "a@example.org", to: ["b@example.org", "c@example.org"], secrets_set: ["password"],
  };
  it("leaves a secret out that stays, and the usual port", () => {
    const { route, problems } = routeOf(draftOfRoute(mail), mail);
    const { port: _, ...rest } = mail;
    expect(problems).toEqual({});
    expect(route).toEqual(rest);
  });
  it("drops the fields of the kind it had", () => {
    const before = draftOfRoute(mail);
    const changed = { ...before, route: { ...before.route, kind: "slack" as const } };
    expect(routeOf(changed, mail).problems).toEqual({ url: "Needed" });
    const { route } = routeOf({ ...changed, text: { ...changed.text, url: "https://hooks.example.org/x" } }, mail);
    expect(route).toMatchObject({ kind: "slack", url: "https://hooks.example.org/x" });
    expect(["host", "to", "from", "security"].filter((key) => key in route)).toEqual([]);
  });
  it("says what is wrong at its place", () => {
    const text = { host: "", port: "70000", from: "x", to: "b@example.org\nnobody" };
    const bad = { ...draftOfRoute(mail), text, matchers: [{ label: "service", op: "=" as const, value: "" }], times: { group_wait_s: "5", repeat_s: "30", timeout_s: "0" } };
    expect(Object.keys(routeOf(bad, mail).problems).sort()).toEqual(["from", "host", "matchers[0].value", "port", "repeat_s", "timeout_s", "to"]);
  });
  it("takes secrets written as JSON along", () => {
    const hook = { ...FRESH_ROUTE, url: "http://a/", headers: { "X-A": "1" } };
    expect(typedSecrets(hook)).toEqual({ url: "http://a/", headers: "X-A: 1" });
  });
});
