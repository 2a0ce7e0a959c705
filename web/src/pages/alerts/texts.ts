// SPDX-License-Identifier: Apache-2.0
// Conditions in words; matchers and lists as lines of text and back. Pure.
import type { Condition, Matcher } from "../../api/alert_types";
import { t } from "../../base/locale";
import { formatMetric, metricLabel } from "../../base/metric";
import { aw } from "./words";

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
    case "bottleneck":
      return text(condition["service"]) === "" ? aw("c_bottleneck") : aw("c_bottleneck_of", { name: text(condition["service"]) });
    case "bottleneck_changed":
    case "run_objectives":
    case "store":
    case "stage":
    case "capture":
      return aw(`c_${condition.type}`);
    case "losses":
      return aw("c_losses", { n: number(condition["per_s"]) });
    case "event": {
      const kinds = Array.isArray(condition["kinds"]) ? condition["kinds"].map(String).join(", ") : "";
      return aw("c_event", { kinds });
    }
    default:
      return condition.type;
  }
}

export function matcherText(matcher: Matcher): string {
  return `${matcher.label} ${matcher.op} ${matcher.value}`;
}

const MATCHER = /^\s*([\w.-]+)\s*(!=|!~|=|~)\s*(.*?)\s*$/;

export function parseMatchers(lines: string): { matchers: Matcher[]; bad: string | null } {
  const matchers: Matcher[] = [];
  for (const line of lines.split("\n")) {
    if (line.trim() === "") continue;
    const match = MATCHER.exec(line);
    if (match === null || match[3] === "") return { matchers, bad: line.trim() };
    matchers.push({ label: match[1] ?? "", op: match[2] as Matcher["op"], value: match[3] ?? "" });
  }
  return { matchers, bad: null };
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
