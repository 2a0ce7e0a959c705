// SPDX-License-Identifier: Apache-2.0
// in: HTTP answers about alerts  out: the bodies of alert_types.ts, or ApiError
import type { AlertRoute, AlertsNow, History, Rule, Silence, TestAnswer } from "./alert_types";
import { call, json, query, signalled } from "./client";

export function getAlerts(signal?: AbortSignal): Promise<AlertsNow> {
  return call("/alerts", signalled(signal));
}

export interface HistoryFilter {
  kind?: string | undefined;
  service?: string | undefined;
  limit?: number;
  before?: number;
}

export function getHistory(filter: HistoryFilter, signal?: AbortSignal): Promise<History> {
  return call(`/alerts/history${query({ ...filter })}`, signalled(signal));
}

export async function getRules(signal?: AbortSignal): Promise<Rule[]> {
  return (await call<{ rules: Rule[] }>("/alerts/rules", signalled(signal))).rules;
}

export async function getRoutes(signal?: AbortSignal): Promise<AlertRoute[]> {
  return (await call<{ routes: AlertRoute[] }>("/alerts/routes", signalled(signal))).routes;
}

export async function getSilences(signal?: AbortSignal): Promise<Silence[]> {
  return (await call<{ silences: Silence[] }>("/alerts/silences", signalled(signal))).silences;
}

// What the server adds on its own is left out of what is sent back.
const ANSWERED = new Set(["on", "origin", "warnings", "target", "secrets_set", "health", "created_at", "state", "matched"]);

export function plainEntry(body: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !ANSWERED.has(key)));
}

export function saveRule(rule: Partial<Rule>): Promise<Rule> {
  if (rule.id === undefined || rule.id === "") {
    const { id: _, ...rest } = plainEntry(rule);
    return call("/alerts/rules", json("POST", rest));
  }
  return call(`/alerts/rules/${rule.id}`, json("PUT", plainEntry(rule)));
}

export function deleteRule(id: string): Promise<unknown> {
  return call(`/alerts/rules/${id}`, { method: "DELETE" });
}

export function saveRoute(route: Partial<AlertRoute>): Promise<AlertRoute> {
  if (route.id === undefined || route.id === "") {
    const { id: _, ...rest } = plainEntry(route);
    return call("/alerts/routes", json("POST", rest));
  }
  return call(`/alerts/routes/${route.id}`, json("PUT", plainEntry(route)));
}

export function deleteRoute(id: string): Promise<unknown> {
  return call(`/alerts/routes/${id}`, { method: "DELETE" });
}

export function testRoute(id: string): Promise<TestAnswer> {
  return call(`/alerts/routes/${id}/test`, json("POST", {}));
}

export function addSilence(silence: Record<string, unknown>): Promise<Silence> {
  return call("/alerts/silences", json("POST", silence));
}

export function endSilence(id: string): Promise<unknown> {
  return call(`/alerts/silences/${id}`, { method: "DELETE" });
}
