// SPDX-License-Identifier: Apache-2.0
// Where alerts are carried to: one form for every kind of receiver, with its own fields. Or as JSON.
import { useState } from "preact/hooks";
import { plainEntry, saveRoute } from "../../api/alerts";
import { type AlertRoute, ROUTE_KINDS, type RouteKind } from "../../api/alert_types";
import { toast } from "../../widgets/toast";
import { JsonForm, Modes } from "./as_json";
import { CheckedForm, Field, type Problems, problemsOf } from "./field";
import { SaveRow, SeverityField } from "./form_parts";
import { MatcherRows } from "./matcher_rows";
import { draftOfRoute, FIELDS, FRESH_ROUTE, keptSecrets, type RouteDraft, type RouteField, routeOf, typedSecrets } from "./route_draft";
import { aw } from "./words";

function labelOf({ key }: RouteField): string {
  return key === "template" ? aw("template") : aw(`f_${key}`);
}

function hintOf({ key }: RouteField, kept: boolean): string {
  if (kept) return aw("secret_kept");
  if (key === "headers") return aw("headers_hint");
  return key === "port" ? aw("port_hint") : "";
}

function OneField({ field, value, kept, onInput }: { field: RouteField; value: string; kept: boolean; onInput: (text: string) => void }) {
  const { key } = field;
  const hidden = field.secret === true && key !== "url" && key !== "headers";
  return (
    <Field name={key} label={labelOf(field)} hint={hintOf(field, kept)}>
      {(control) => {
        if (field.choices !== undefined) {
          return (
            <select {...control} value={value || field.choices[0]} onChange={(e) => onInput(e.currentTarget.value)}>
              {field.choices.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          );
        }
        if (field.lines === true) {
          return <textarea {...control} rows={key === "template" ? 5 : 2} spellcheck={false} value={value} onInput={(e) => onInput(e.currentTarget.value)} />;
        }
        return (
          <input {...control} {...(hidden ? { type: "password" as const } : { type: "text" as const })} autocomplete="off" spellcheck={false} value={value} onInput={(e) => onInput(e.currentTarget.value)} />
        );
      }}
    </Field>
  );
}

interface PartProps {
  draft: RouteDraft;
  setRoute: (values: Partial<AlertRoute>) => void;
  setTime: (key: keyof RouteDraft["times"], text: string) => void;
}

function Time({ name, label, draft, setTime }: { name: keyof RouteDraft["times"]; label: string } & PartProps) {
  return (
    <Field name={name} label={label}>
      {(control) => <input {...control} type="text" inputMode="numeric" value={draft.times[name]} onInput={(e) => setTime(name, e.currentTarget.value)} />}
    </Field>
  );
}

function Delivery(props: PartProps) {
  const { draft, setRoute } = props;
  const { route } = draft;
  return (
    <>
      <div class="limits-grid bare">
        <SeverityField name="min_severity" value={route.min_severity} onPick={(severity) => setRoute({ min_severity: severity })} />
        <Time name="group_wait_s" label={aw("group_wait")} {...props} />
        <Time name="repeat_s" label={aw("repeat")} {...props} />
        <Time name="timeout_s" label={aw("f_timeout")} {...props} />
      </div>
      <label class="check">
        <input type="checkbox" checked={route.send_resolved} onChange={(e) => setRoute({ send_resolved: e.currentTarget.checked })} />
        {aw("send_resolved")}
      </label>
      <label class="check">
        <input type="checkbox" checked={route.verify_tls} onChange={(e) => setRoute({ verify_tls: e.currentTarget.checked })} />
        {aw("verify_tls")}
      </label>
      <Field name="ca_pem" label={aw("f_ca_pem")}>
        {(control) => <textarea {...control} class="code" rows={2} spellcheck={false} placeholder="-----BEGIN CERTIFICATE-----" value={String(route["ca_pem"] ?? "")} onInput={(e) => setRoute({ ca_pem: e.currentTarget.value })} />}
      </Field>
    </>
  );
}

interface RouteFormProps {
  route: AlertRoute;
  onDone: (test: AlertRoute | null) => void;
}

interface FormProps extends RouteFormProps {
  draft: RouteDraft;
  setDraft: (draft: RouteDraft) => void;
  onJson: (route: AlertRoute) => void;
}

function Form({ route, draft, setDraft, onJson, onDone }: FormProps) {
  const [problems, setProblems] = useState<Problems>({});
  const [busy, setBusy] = useState(false);
  const { kind, name } = draft.route;
  const setRoute = (values: Partial<AlertRoute>) => setDraft({ ...draft, route: { ...draft.route, ...values } });
  const setTime = (key: keyof RouteDraft["times"], text: string) => setDraft({ ...draft, times: { ...draft.times, [key]: text } });
  const kept = keptSecrets(route, kind);
  const save = (test: boolean) => {
    const { route: body, problems: found } = routeOf(draft, route);
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    saveRoute(body)
      .then(
        (saved) => {
          toast(aw("saved"));
          onDone(test ? saved : null);
        },
        (error: unknown) => setProblems(problemsOf(error)),
      )
      .finally(() => setBusy(false));
  };
  return (
    <CheckedForm label={route.id === "" ? aw("add_route") : `${aw("edit")}: ${route.name}`} problems={problems} onSubmit={() => save(false)}>
      <Modes json={false} onChange={(json) => json && onJson(routeOf(draft, route).route)} />
      <div class="limits-grid bare">
        <Field name="name" label={aw("name")}>
          {(control) => <input {...control} type="text" maxLength={128} value={name} onInput={(e) => setRoute({ name: e.currentTarget.value })} />}
        </Field>
        <Field name="kind" label={aw("kind")}>
          {(control) => (
            <select {...control} value={kind} onChange={(e) => setRoute({ kind: e.currentTarget.value as RouteKind })}>
              {ROUTE_KINDS.map((one) => (
                <option key={one} value={one}>
                  {aw(`kind_${one}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {FIELDS[kind].map((field) => (
        <OneField
          key={`${kind} ${field.key}`}
          field={field}
          value={draft.text[field.key] ?? ""}
          kept={kept.has(field.key)}
          onInput={(text) => setDraft({ ...draft, text: { ...draft.text, [field.key]: text } })}
        />
      ))}
      {kind === "dingtalk" && (
        <label class="check">
          <input type="checkbox" checked={draft.route["at_all"] === true} onChange={(e) => setRoute({ at_all: e.currentTarget.checked })} />
          {aw("f_at_all")}
        </label>
      )}
      <MatcherRows label={aw("matchers")} hint={aw("matchers_route_hint")} matchers={draft.matchers} problems={problems} onChange={(matchers) => setDraft({ ...draft, matchers })} />
      <details open={["min_severity", "group_wait_s", "repeat_s", "timeout_s", "ca_pem"].some((key) => key in problems)}>
        <summary>{aw("more_delivery")}</summary>
        <Delivery draft={draft} setRoute={setRoute} setTime={setTime} />
      </details>
      <SaveRow busy={busy} onCancel={() => onDone(null)}>
        <button type="button" class="button" disabled={busy} onClick={() => save(true)}>
          {aw("save_test")}
        </button>
      </SaveRow>
    </CheckedForm>
  );
}

export function RouteForm({ route, onDone }: RouteFormProps) {
  const [draft, setDraft] = useState(draftOfRoute(route));
  const [json, setJson] = useState<AlertRoute | null>(null);
  if (json === null) return <Form route={route} draft={draft} setDraft={setDraft} onJson={setJson} onDone={onDone} />;
  return (
    <JsonForm
      label={aw("route_json")}
      body={plainEntry(json)}
      fixed={false}
      onForm={(body) => {
        const read = { ...FRESH_ROUTE, ...body, id: route.id } as AlertRoute;
        if (!ROUTE_KINDS.includes(read.kind)) return;
        const fresh = draftOfRoute(read);
        setDraft({ ...fresh, text: { ...fresh.text, ...typedSecrets(read) } });
        setJson(null);
      }}
      onSave={(body) => saveRoute(route.id === "" ? body : { ...body, id: route.id })}
      onDone={() => onDone(null)}
    />
  );
}
