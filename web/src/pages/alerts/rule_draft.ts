// SPDX-License-Identifier: Apache-2.0
// in: a rule  out: what its form holds, as typed, and back, with what is wrong by place. Pure.
import type { Condition, Rule, Severity } from "../../api/alert_types";
import { aw } from "./words";
import { parseMetric, typedMetric } from "../../base/metric";
import { labelLines, parseLabels } from "../runs/chain";
import { listOf } from "./texts";
import type { Problems } from "./field";

export const GROUPS = {
  metrics: ["over_limit", "threshold", "edges_over"],
  findings: ["bottleneck", "bottleneck_changed", "run_objectives", "event"],
  itself: ["losses", "store", "stage", "capture"],
} as const;
export type ConditionType = (typeof GROUPS)[keyof typeof GROUPS][number];

export const CLASSES = [
  "cpu_throttled", "cpu_saturated", "accept_queue", "refused", "own_time", "slow_dependency_outside", "error_origin", "network_loss",
  "memory", "client_limit", "retry_storm", "demand_drop",
] as const;
export const EVENTS = ["oom_kill", "restart", "instance_down", "instance_up", "scale", "deploy", "degrade", "limits", "mark"] as const;
export const EFFECTS = ["lost", "unread", "exact"] as const;

// The fields a condition has, by type; docs/api.md has the same list.
export const FIELDS_OF: Record<ConditionType, readonly string[]> = {
  over_limit: ["metric", "subject", "service", "client", "server"],
  threshold: ["metric", "subject", "op", "value", "service", "client", "server"],
  edges_over: ["count"],
  bottleneck: ["service", "classes", "min_confidence"],
  bottleneck_changed: ["min_confidence"],
  run_objectives: ["run"],
  event: ["kinds", "service", "count"],
  losses: ["per_s", "effects", "causes"],
  store: [],
  stage: [],
  capture: [],
};

export interface RuleDraft {
  rule: Rule; // what the form does not touch
  name: string;
  note: string;
  severity: Severity;
  for_s: string;
  clear_s: string;
  labels: string;
  type: ConditionType;
  text: Record<string, string>; // of the condition's fields, as typed
  picked: Record<"classes" | "effects" | "kinds", string[]>;
}

const LISTS = ["classes", "effects", "kinds"] as const;

export function isKnownType(type: string): type is ConditionType {
  return Object.hasOwn(FIELDS_OF, type);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function typed(condition: Condition, field: string): string {
  const value = condition[field];
  if (field === "causes") return textsOf(value).join("\n");
  if (value === undefined || value === null) return "";
  if (field === "value" && typeof value === "number") return typedMetric(String(condition["metric"] ?? ""), value);
  if (field === "min_confidence" && typeof value === "number") return String(Number((value * 100).toPrecision(6)));
  return String(value);
}

// Null for a condition this page does not know: it is edited as JSON only.
export function draftOf(rule: Rule): RuleDraft | null {
  const { condition } = rule;
  if (!isKnownType(condition.type)) return null;
  const text: Record<string, string> = {};
  for (const field of FIELDS_OF[condition.type]) text[field] = typed(condition, field);
  return {
    rule, name: rule.name, note: rule.note, severity: rule.severity, for_s: String(rule.for_s), clear_s: String(rule.clear_s),
    labels: labelLines(rule.labels), type: condition.type, text,
    picked: { classes: textsOf(condition["classes"]), effects: textsOf(condition["effects"]), kinds: textsOf(condition["kinds"]) },
  };
}

// Another kind of condition: what both have stays as typed.
export function withType(draft: RuleDraft, type: ConditionType): RuleDraft {
  const start: Record<string, string> = { subject: "any", op: ">", count: type === "edges_over" ? "3" : "1", min_confidence: "60", per_s: "100" };
  const text: Record<string, string> = {};
  for (const field of FIELDS_OF[type]) text[field] = draft.text[field] ?? start[field] ?? "";
  if (type === "threshold" && text["metric"] === "") text["metric"] = "latency_p99";
  return { ...draft, type, text };
}

function wholeOf(text: string, least: number, most: number): number | string {
  const value = Number(text.trim());
  if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most) return aw("bad_whole", { least, most });
  return value;
}

function conditionOf(draft: RuleDraft, problems: Problems): Condition {
  const condition: Condition = { type: draft.type };
  const fields = FIELDS_OF[draft.type];
  const put = (field: string, value: number | string, isText = false) => {
    if (typeof value === "string" && !isText) problems[`condition.${field}`] = value;
    else condition[field] = value;
  };
  for (const field of fields) {
    const text = (draft.text[field] ?? "").trim();
    switch (field) {
      case "value": {
        const value = parseMetric(draft.text["metric"] ?? "", text);
        put(field, value === undefined ? aw("bad_value") : value);
        break;
      }
      case "count":
        put(field, wholeOf(text, 1, 100_000));
        break;
      case "min_confidence": {
        const share = Number(text) / 100;
        put(field, text !== "" && share >= 0 && share <= 1 ? share : aw("bad_percent"));
        break;
      }
      case "per_s": {
        const value = Number(text);
        put(field, text !== "" && value >= 0 && Number.isFinite(value) ? value : aw("bad_number"));
        break;
      }
      case "causes":
        if (text !== "") condition["causes"] = listOf(text);
        break;
      case "classes":
      case "effects":
      case "kinds":
        if (draft.picked[field].length > 0) condition[field] = draft.picked[field];
        break;
      default:
        if (text !== "") put(field, text, true);
    }
  }
  if (draft.type === "threshold" && condition["metric"] === undefined) problems["condition.metric"] = aw("needed");
  return condition;
}

export function ruleOf(draft: RuleDraft): { rule: Rule; problems: Problems } {
  const problems: Problems = {};
  const name = draft.name.trim();
  if (name === "") problems["name"] = aw("needed");
  const times: Record<"for_s" | "clear_s", number> = { for_s: 0, clear_s: 0 };
  for (const key of ["for_s", "clear_s"] as const) {
    const value = wholeOf(draft[key], 0, 86_400);
    if (typeof value === "string") problems[key] = value;
    else times[key] = value;
  }
  const { labels, bad } = parseLabels(draft.labels);
  if (bad !== null) problems["labels"] = aw("bad_label", { text: bad });
  const condition = conditionOf(draft, problems);
  return { rule: { ...draft.rule, name, note: draft.note.trim(), severity: draft.severity, ...times, labels, condition }, problems };
}

export function pick(draft: RuleDraft, list: (typeof LISTS)[number], name: string, on: boolean): RuleDraft {
  const names = draft.picked[list].filter((n) => n !== name);
  return { ...draft, picked: { ...draft.picked, [list]: on ? [...names, name] : names } };
}
