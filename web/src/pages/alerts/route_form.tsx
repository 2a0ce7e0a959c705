// SPDX-License-Identifier: Apache-2.0
// Where alerts are carried to: one form for every kind of receiver. Secrets go in, never come out.
import { useState } from "preact/hooks";
import { saveRoute } from "../../api/alerts";
import { type AlertRoute, ROUTE_KINDS, type RouteKind, type Severity } from "../../api/alert_types";
import { t } from "../../base/locale";
import { errorText } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { headersOf, linesOf, listOf, matcherText, parseMatchers } from "./texts";
import { aw } from "./words";

type FieldKey =
  | "url" | "secret" | "headers" | "content_type" | "username" | "password" | "bearer_token" | "host" | "port"
  | "security" | "from" | "to" | "at_mobiles" | "template";

interface Field {
  key: FieldKey;
  secret?: boolean;
  lines?: boolean;
}

const FIELDS: Record<RouteKind, readonly Field[]> = {
  webhook: [{ key: "url", secret: true }, { key: "headers", secret: true, lines: true }, { key: "secret", secret: true }, { key: "content_type" }, { key: "template", lines: true }],
  slack: [{ key: "url", secret: true }],
  teams: [{ key: "url", secret: true }],
  wecom: [{ key: "url", secret: true }],
  dingtalk: [{ key: "url", secret: true }, { key: "secret", secret: true }, { key: "at_mobiles", lines: true }],
  feishu: [{ key: "url", secret: true }, { key: "secret", secret: true }],
  alertmanager: [{ key: "url" }, { key: "username" }, { key: "password", secret: true }, { key: "bearer_token", secret: true }],
  email: [{ key: "host" }, { key: "port" }, { key: "security" }, { key: "username" }, { key: "password", secret: true }, { key: "from" }, { key: "to", lines: true }],
};

const LISTS: ReadonlySet<FieldKey> = new Set(["to", "at_mobiles"]);

export const FRESH_ROUTE: AlertRoute = {
  id: "", name: "", kind: "webhook", enabled: true, min_severity: "info", matchers: [], send_resolved: true,
  group_wait_s: 5, repeat_s: 14_400, timeout_s: 10, verify_tls: true,
};

function labelOf(key: FieldKey): string {
  return key === "template" ? aw("template") : aw(`f_${key}`);
}

function start(route: AlertRoute): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { key, secret } of FIELDS[route.kind]) {
    const value = route[key];
    if (secret === true || value === undefined || value === null) continue;
    out[key] = LISTS.has(key) ? linesOf(value) : String(value);
  }
  return out;
}

// A secret left empty is left out: the server keeps the one it has.
export function bodyOf(route: AlertRoute, values: Readonly<Record<string, string>>): AlertRoute {
  const body: AlertRoute = { ...route };
  for (const { key, secret } of FIELDS[route.kind]) {
    const text = (values[key] ?? "").trim();
    if (secret === true && text === "") {
      delete body[key];
      continue;
    }
    if (key === "headers") body[key] = headersOf(text);
    else if (LISTS.has(key)) body[key] = listOf(text);
    else if (key === "port") {
      if (text === "") delete body[key];
      else body[key] = Number(text);
    } else if (text === "") delete body[key];
    else body[key] = text;
  }
  return body;
}

function OneField({ field, value, kept, onInput }: { field: Field; value: string; kept: boolean; onInput: (text: string) => void }) {
  const { key } = field;
  const hint = kept ? aw("secret_kept") : key === "headers" ? aw("headers_hint") : "";
  if (key === "security") {
    return (
      <label>
        {labelOf(key)}
        <select value={value || "starttls"} onChange={(e) => onInput(e.currentTarget.value)}>
          {["starttls", "tls", "none"].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    );
  }
  const hidden = field.secret === true && key !== "url" && key !== "headers";
  return (
    <label>
      {labelOf(key)}
      {field.lines === true ? (
        <textarea rows={key === "template" ? 5 : 2} spellcheck={false} value={value} onInput={(e) => onInput(e.currentTarget.value)} />
      ) : (
        <input {...(hidden ? { type: "password" as const } : { type: "text" as const })} autocomplete="off" value={value} onInput={(e) => onInput(e.currentTarget.value)} />
      )}
      {hint !== "" && <small class="hint">{hint}</small>}
    </label>
  );
}

function Delivery({ draft, set }: { draft: AlertRoute; set: (values: Partial<AlertRoute>) => void }) {
  return (
    <>
      <div class="limits-grid bare">
        <label>
          {aw("min_severity")}
          <select value={draft.min_severity} onChange={(e) => set({ min_severity: e.currentTarget.value as Severity })}>
            {(["info", "warning", "critical"] as const).map((name) => (
              <option key={name} value={name}>
                {aw(`sev_${name}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {aw("group_wait")}
          <input type="number" min={0} max={600} value={draft.group_wait_s} onInput={(e) => set({ group_wait_s: Number(e.currentTarget.value) })} />
        </label>
        <label>
          {aw("repeat")}
          <input type="number" min={0} max={604800} value={draft.repeat_s} onInput={(e) => set({ repeat_s: Number(e.currentTarget.value) })} />
        </label>
      </div>
      <label class="check">
        <input type="checkbox" checked={draft.send_resolved} onChange={(e) => set({ send_resolved: e.currentTarget.checked })} />
        {aw("send_resolved")}
      </label>
      <label class="check">
        <input type="checkbox" checked={draft.verify_tls} onChange={(e) => set({ verify_tls: e.currentTarget.checked })} />
        {aw("verify_tls")}
      </label>
    </>
  );
}

export function RouteForm({ route, onDone }: { route: AlertRoute; onDone: () => void }) {
  const [draft, setDraft] = useState(route);
  const [values, setValues] = useState<Record<string, string>>(start(route));
  const [matchers, setMatchers] = useState(route.matchers.map(matcherText).join("\n"));
  const [problem, setProblem] = useState<string | null>(null);
  const set = (changes: Partial<AlertRoute>) => setDraft({ ...draft, ...changes });
  const save = (event: Event) => {
    event.preventDefault();
    const read = parseMatchers(matchers);
    if (read.bad !== null) {
      setProblem(aw("matchers_bad", { text: read.bad }));
      return;
    }
    saveRoute({ ...bodyOf(draft, values), matchers: read.matchers }).then(
      () => {
        toast(aw("saved"));
        onDone();
      },
      (error: unknown) => setProblem(errorText(error)),
    );
  };
  const kept = new Set(route.kind === draft.kind ? (route.secrets_set ?? []) : []);
  return (
    <form class="form box" onSubmit={save}>
      <div class="limits-grid bare">
        <label>
          {aw("name")}
          <input type="text" required value={draft.name} onInput={(e) => set({ name: e.currentTarget.value })} />
        </label>
        <label>
          {aw("kind")}
          <select value={draft.kind} onChange={(e) => set({ kind: e.currentTarget.value as RouteKind })}>
            {ROUTE_KINDS.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {FIELDS[draft.kind].map((field) => (
        <OneField
          key={`${draft.kind} ${field.key}`}
          field={field}
          value={values[field.key] ?? ""}
          kept={kept.has(field.key)}
          onInput={(text) => setValues({ ...values, [field.key]: text })}
        />
      ))}
      <Delivery draft={draft} set={set} />
      <label>
        {aw("matchers")}
        <textarea rows={2} spellcheck={false} placeholder="service ~ cart*" value={matchers} onInput={(e) => setMatchers(e.currentTarget.value)} />
        <small class="hint">{aw("matchers_hint")}</small>
      </label>
      {problem !== null && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      <div class="row">
        <button type="submit" class="button primary">
          {t("save")}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
