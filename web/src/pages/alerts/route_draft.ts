// SPDX-License-Identifier: Apache-2.0
// in: a route  out: what its form holds, as typed, and back, with what is wrong by place. Secrets go
// in, never come out. Pure.
import type { AlertRoute, Matcher, RouteKind } from "../../api/alert_types";
import type { Problems } from "./field";
import { matcherProblems } from "./matcher_rows";
import { headersOf, linesOf, listOf } from "./texts";
import { aw } from "./words";

export type FieldKey =
  | "url" | "secret" | "headers" | "content_type" | "username" | "password" | "bearer_token" | "host" | "port"
  | "security" | "auth" | "from" | "to" | "at_mobiles" | "template";

export interface RouteField {
  key: FieldKey;
  secret?: boolean;
  lines?: boolean;
  needed?: boolean;
  choices?: readonly string[];
}

export const FIELDS: Record<RouteKind, readonly RouteField[]> = {
  webhook: [
    { key: "url", secret: true, needed: true }, { key: "headers", secret: true, lines: true }, { key: "secret", secret: true },
    { key: "content_type" }, { key: "template", lines: true },
  ],
  slack: [{ key: "url", secret: true, needed: true }],
  teams: [{ key: "url", secret: true, needed: true }],
  wecom: [{ key: "url", secret: true, needed: true }],
  dingtalk: [{ key: "url", secret: true, needed: true }, { key: "secret", secret: true }, { key: "at_mobiles", lines: true }],
  feishu: [{ key: "url", secret: true, needed: true }, { key: "secret", secret: true }],
  alertmanager: [{ key: "url", needed: true }, { key: "username" }, { key: "password", secret: true }, { key: "bearer_token", secret: true }],
  email: [
    { key: "host", needed: true }, { key: "port" }, { key: "security", choices: ["starttls", "tls", "none"] },
    { key: "auth", choices: ["auto", "plain", "login"] }, { key: "username" }, { key: "password", secret: true },
    { key: "from", needed: true }, { key: "to", lines: true, needed: true },
  ],
};

const LISTS: ReadonlySet<FieldKey> = new Set(["to", "at_mobiles"]);

export const FRESH_ROUTE: AlertRoute = {
  id: "", name: "", kind: "webhook", enabled: true, min_severity: "info", matchers: [], send_resolved: true,
  group_wait_s: 5, repeat_s: 14_400, timeout_s: 10, verify_tls: true,
};

export interface RouteDraft {
  route: AlertRoute; // what is no text
  times: Record<"group_wait_s" | "repeat_s" | "timeout_s", string>;
  text: Readonly<Record<string, string>>;
  matchers: Matcher[];
}

export function draftOfRoute(route: AlertRoute): RouteDraft {
  const text: Record<string, string> = {};
  for (const { key, secret } of FIELDS[route.kind]) {
    const value = route[key];
    if (secret === true || value === undefined || value === null) continue;
    text[key] = LISTS.has(key) ? linesOf(value) : key === "port" && value === 0 ? "" : String(value);
  }
  const times = { group_wait_s: String(route.group_wait_s), repeat_s: String(route.repeat_s), timeout_s: String(route.timeout_s) };
  return { route, times, text, matchers: route.matchers };
}

// Secrets written as JSON are not lost on the way to the form.
export function typedSecrets(route: AlertRoute): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { key, secret } of FIELDS[route.kind]) {
    const value = route[key];
    if (secret !== true || value === undefined || value === null) continue;
    if (key === "headers" && typeof value === "object") out[key] = Object.entries(value).map(([name, text]) => `${name}: ${String(text)}`).join("\n");
    else out[key] = String(value);
  }
  return out;
}

// Secrets the server keeps when their field stays empty: only with the kind they were given for.
export function keptSecrets(before: AlertRoute, kind: RouteKind): ReadonlySet<string> {
  return new Set(before.kind === kind ? (before.secrets_set ?? []) : []);
}

function checkText(field: RouteField, text: string, kept: boolean, problems: Problems): void {
  const { key } = field;
  if (text === "") {
    if (field.needed === true && !kept) problems[key] = aw("needed");
    return;
  }
  if (key === "url" && !/^https?:\/\/[^\s/]+/.test(text)) problems[key] = aw("bad_url");
  if (key === "from" && !/^[^\s@]+@[^\s@]+$/.test(text)) problems[key] = aw("bad_mail", { text });
  if (key === "to") {
    const bad = listOf(text).find((line) => !/^[^\s@]+@[^\s@]+$/.test(line));
    if (bad !== undefined) problems[key] = aw("bad_mail", { text: bad });
  }
  if (key === "headers") {
    const bad = listOf(text).find((line) => line.indexOf(":") <= 0);
    if (bad !== undefined) problems[key] = aw("bad_header", { text: bad });
  }
  if (key === "port" && !(Number.isInteger(Number(text)) && Number(text) >= 1 && Number(text) <= 65_535)) {
    problems[key] = aw("bad_whole", { least: 1, most: 65_535 });
  }
}

function timesOf(draft: RouteDraft, problems: Problems): Record<keyof RouteDraft["times"], number> {
  const ranges = { group_wait_s: [0, 600], repeat_s: [0, 604_800], timeout_s: [1, 30] } as const;
  const out = { group_wait_s: 0, repeat_s: 0, timeout_s: 0 };
  for (const key of Object.keys(ranges) as (keyof typeof ranges)[]) {
    const [least, most] = ranges[key];
    const text = draft.times[key].trim();
    const value = Number(text);
    if (text === "" || !Number.isInteger(value) || value < least || value > most) problems[key] = aw("bad_whole", { least, most });
    else if (key === "repeat_s" && value > 0 && value < 60) problems[key] = aw("bad_repeat");
    else out[key] = value;
  }
  return out;
}

// A secret left empty is left out: the server keeps the one it has.
export function routeOf(draft: RouteDraft, before: AlertRoute): { route: AlertRoute; problems: Problems } {
  const problems: Problems = matcherProblems(draft.matchers);
  const { kind } = draft.route;
  const route: AlertRoute = { ...draft.route, name: draft.route.name.trim(), matchers: draft.matchers };
  if (route.name === "") problems["name"] = aw("needed");
  // Fields of the kind it had mean nothing to another.
  for (const { key } of Object.values(FIELDS).flat()) delete route[key];
  if (kind !== "dingtalk") delete route["at_all"];
  const kept = keptSecrets(before, kind);
  for (const field of FIELDS[kind]) {
    const { key } = field;
    const text = (draft.text[key] ?? "").trim();
    checkText(field, text, kept.has(key), problems);
    if (text === "") continue;
    if (key === "headers") route[key] = headersOf(text);
    else if (LISTS.has(key)) route[key] = listOf(text);
    else route[key] = key === "port" ? Number(text) : text;
  }
  return { route: { ...route, ...timesOf(draft, problems) }, problems };
}
