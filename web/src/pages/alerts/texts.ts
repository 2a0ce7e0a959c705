// SPDX-License-Identifier: Apache-2.0
// Conditions in words; matchers and lists as lines of text and back. Pure.
import type { Condition, Matcher } from "../../api/alert_types";
import { t } from "../../base/locale";
import { percent } from "../../base/format";
import { formatMetric, metricLabel } from "../../base/metric";
import { type Key, STRING_TABLE } from "../../base/strings";
import { ALERT_WORDS, aw } from "./words";

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function metricOf(condition: Condition): string {
  const name = text(condition["metric"]);
  if (name === "") return aw("any_metric");
  const label = metricLabel(name);
  return label === undefined ? name : t(label);
}

function subjectOf(condition: Condition): string {
  const service = text(condition["service"]);
  if (service !== "") return service;
  const client = text(condition["client"]);
  const server = text(condition["server"]);
  return client === "" && server === "" ? aw("any") : `${client || "*"} → ${server || "*"}`;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function classWord(name: string): string {
  const key = `class_${name}`;
  return key in STRING_TABLE ? t(key as Key) : name;
}

export function eventWord(kind: string): string {
  const key = `e_${kind}`;
  return key in ALERT_WORDS ? aw(key as keyof typeof ALERT_WORDS) : kind;
}

// 60 % is what a rule has that says nothing of it.
function sureText(condition: Condition): string {
  const least = condition["min_confidence"];
  return typeof least !== "number" || least === 0.6 ? "" : aw("c_sure", { p: percent(least) });
}

export function conditionText(condition: Condition): string {
  switch (condition.type) {
    case "over_limit":
      return aw("c_over_limit", { metric: metricOf(condition), subject: subjectOf(condition) });
    case "threshold": {
      const value = formatMetric(text(condition["metric"]), number(condition["value"]));
      return aw("c_threshold", { metric: metricOf(condition), subject: subjectOf(condition), op: text(condition["op"]), value });
    }
    case "edges_over":
      return aw("c_edges_over", { n: number(condition["count"]) });
    case "bottleneck": {
      const named = text(condition["service"]) === "" ? aw("c_bottleneck") : aw("c_bottleneck_of", { name: text(condition["service"]) });
      const classes = list(condition["classes"]).map(classWord).join(aw("c_or"));
      return [named, classes === "" ? "" : aw("c_causes", { names: classes }), sureText(condition)].filter((part) => part !== "").join(", ");
    }
    case "bottleneck_changed":
      return [aw("c_bottleneck_changed"), sureText(condition)].filter((part) => part !== "").join(", ");
    case "run_objectives":
      return text(condition["run"]) === "" ? aw("c_run_objectives") : aw("c_run", { name: text(condition["run"]) });
    case "store":
    case "stage":
    case "capture":
      return aw(`c_${condition.type}`);
    case "losses":
      return aw("c_losses", { n: number(condition["per_s"]) });
    case "event": {
      const kinds = list(condition["kinds"]).map(eventWord).join(aw("c_or"));
      const what = aw("c_event", { service: text(condition["service"]) || aw("any"), kinds: kinds === "" ? aw("c_any_event") : kinds });
      const times = number(condition["count"]);
      return times > 1 ? `${what}, ${aw("c_times", { n: times })}` : what;
    }
    default:
      return condition.type;
  }
}

export function matcherText(matcher: Matcher): string {
  return `${matcher.label} ${matcher.op} ${matcher.value}`;
}

export function linesOf(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join("\n") : "";
}

export function listOf(lines: string): string[] {
  return lines.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

// "Name: value" lines.
export function headersOf(lines: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const line of listOf(lines)) {
    const at = line.indexOf(":");
    if (at > 0) out[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return out;
}
