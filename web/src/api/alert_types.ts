// SPDX-License-Identifier: Apache-2.0
// Alerts as docs/api.md describes them.
export type Severity = "info" | "warning" | "critical";

export interface Alert {
  id: string;
  rule: string;
  rule_name: string;
  severity: Severity;
  state: "pending" | "firing";
  since: number;
  firing_since: number | null;
  subject: { kind: string; id: number | null; client?: string; server?: string; service?: string };
  metric: string | null;
  value: number | null;
  limit: number | null;
  unit: string;
  text: string;
  labels: Record<string, string>;
  group: string | null;
  role: "cause" | "victim";
  silenced_by: string | null;
  flapping: boolean;
}

export interface AlertGroup {
  id: string;
  state: "firing" | "resolved";
  severity: Severity;
  since: number;
  cause: string;
  cause_id: number | null;
  class: string;
  title: string;
  sentence: string;
  evidence: string[];
  alerts: string[];
  victims: string[];
  silenced: boolean;
  sent: { route: string; state: "waiting" | "sent" | "failed" | "resolved"; time: number | null; attempts: number; error: string }[];
}

export interface AlertsNow {
  time: number;
  on: boolean;
  why_off: string;
  alerts: Alert[];
  groups: AlertGroup[];
  counts: { pending: number; firing: number; silenced: number };
  alarms: string[];
}

export interface Matcher {
  label: string;
  op: "=" | "!=" | "~" | "!~";
  value: string;
}

export type Condition = { type: string } & Record<string, unknown>;

export interface Rule {
  id: string;
  name: string;
  note: string;
  enabled: boolean | "auto";
  severity: Severity;
  for_s: number;
  clear_s: number;
  labels: Record<string, string>;
  condition: Condition;
  on?: boolean;
  origin?: "builtin" | "changed" | "user" | "file";
  warnings?: string[];
}

export const ROUTE_KINDS = ["webhook", "slack", "teams", "dingtalk", "feishu", "wecom", "alertmanager", "email"] as const;
export type RouteKind = (typeof ROUTE_KINDS)[number];

export interface RouteHealth {
  state: "unused" | "ok" | "failing";
  sent: number;
  failed: number;
  waiting: number;
  last_sent: number | null;
  last_error: string;
  last_error_time: number | null;
  next_try: number | null;
}

export interface AlertRoute {
  id: string;
  name: string;
  kind: RouteKind;
  enabled: boolean;
  min_severity: Severity;
  matchers: Matcher[];
  send_resolved: boolean;
  group_wait_s: number;
  repeat_s: number;
  timeout_s: number;
  verify_tls: boolean;
  target?: string;
  secrets_set?: string[];
  origin?: "user" | "file";
  warnings?: string[];
  health?: RouteHealth;
  [field: string]: unknown;
}

export interface TestAnswer {
  ok: boolean;
  status: number | null;
  answer: string;
  error: string;
  elapsed_ms: number;
  retry_after_s: number | null;
}

export interface Silence {
  id: string;
  kind: "silence" | "maintenance";
  matchers: Matcher[];
  starts_at: number;
  ends_at: number;
  every: "once" | "day" | "week";
  comment: string;
  created_by: string;
  created_at?: number;
  state?: "waiting" | "active" | "ended";
  matched?: number;
  origin?: "user" | "file";
}

export type HistoryEntry =
  | {
      number: number;
      time: number;
      kind: "alert";
      alert: string;
      rule: string;
      rule_name: string;
      severity: Severity;
      state: "firing" | "resolved";
      service: string;
      text: string;
      value: number | null;
      limit: number | null;
      unit: string;
      group: string | null;
      silenced: boolean;
      duration_s: number | null;
    }
  | {
      number: number;
      time: number;
      kind: "message";
      route: string;
      route_name: string;
      group: string;
      state: "firing" | "repeat" | "resolved" | "test";
      ok: boolean;
      status: number | null;
      error: string;
      attempt: number;
      title: string;
    };

export interface History {
  entries: HistoryEntry[];
  more: boolean;
}
