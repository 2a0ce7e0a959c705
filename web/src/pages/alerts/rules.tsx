// SPDX-License-Identifier: Apache-2.0
// What alerts: built-in rules that may be changed or switched off, and own ones.
import { useState } from "preact/hooks";
import { deleteRule, getRules, saveRule } from "../../api/alerts";
import type { Condition, Rule, Severity } from "../../api/alert_types";
import { span } from "../../base/day";
import { t } from "../../base/locale";
import { errorText, useLoaded } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { labelLines, parseLabels } from "../runs/chain";
import { SeverityTag } from "./now";
import { conditionText } from "./texts";
import { aw } from "./words";

const SEVERITIES: readonly Severity[] = ["info", "warning", "critical"];
const FRESH: Rule = {
  id: "", name: "", note: "", enabled: true, severity: "warning", for_s: 10, clear_s: 30, labels: {},
  condition: { type: "over_limit", metric: "latency", subject: "edge" },
};

function failed(error: unknown): void {
  toast(errorText(error), true);
}

function Editor({ rule, onDone }: { rule: Rule; onDone: () => void }) {
  const [draft, setDraft] = useState(rule);
  const [condition, setCondition] = useState(JSON.stringify(rule.condition, null, 2));
  const [labels, setLabels] = useState(labelLines(rule.labels));
  const [problem, setProblem] = useState<string | null>(null);
  const set = (values: Partial<Rule>) => setDraft({ ...draft, ...values });
  const save = (event: Event) => {
    event.preventDefault();
    let parsed: Condition;
    try {
      parsed = JSON.parse(condition) as Condition;
    } catch (error) {
      setProblem(aw("condition_bad", { why: errorText(error) }));
      return;
    }
    const read = parseLabels(labels);
    if (read.bad !== null) {
      setProblem(`${aw("labels")}: ${read.bad}`);
      return;
    }
    saveRule({ ...draft, labels: read.labels, condition: parsed }).then(
      () => {
        toast(aw("saved"));
        onDone();
      },
      (error: unknown) => setProblem(errorText(error)),
    );
  };
  return (
    <form class="form box" onSubmit={save}>
      <label>
        {aw("name")}
        <input type="text" required value={draft.name} onInput={(e) => set({ name: e.currentTarget.value })} />
      </label>
      <div class="limits-grid bare">
        <label>
          {aw("severity")}
          <select value={draft.severity} onChange={(e) => set({ severity: e.currentTarget.value as Severity })}>
            {SEVERITIES.map((name) => (
              <option key={name} value={name}>
                {aw(`sev_${name}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {aw("for_s")}
          <input type="number" min={0} max={86400} value={draft.for_s} onInput={(e) => set({ for_s: Number(e.currentTarget.value) })} />
        </label>
        <label>
          {aw("clear_s")}
          <input type="number" min={0} max={86400} value={draft.clear_s} onInput={(e) => set({ clear_s: Number(e.currentTarget.value) })} />
        </label>
      </div>
      <label>
        {aw("condition")}
        <textarea class="code" rows={7} spellcheck={false} value={condition} onInput={(e) => setCondition(e.currentTarget.value)} />
        <small class="hint">{aw("condition_json")}</small>
      </label>
      <label>
        {aw("note")}
        <input type="text" value={draft.note} onInput={(e) => set({ note: e.currentTarget.value })} />
      </label>
      <label>
        {aw("labels")}
        <textarea rows={2} value={labels} placeholder="team=checkout" onInput={(e) => setLabels(e.currentTarget.value)} />
        <small class="hint">{aw("labels_hint")}</small>
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

function Switch({ rule, onChange }: { rule: Rule; onChange: () => void }) {
  const value = rule.enabled === "auto" ? "auto" : rule.enabled ? "yes" : "no";
  const set = (text: string) =>
    saveRule({ ...rule, enabled: text === "auto" ? "auto" : text === "yes" }).then(onChange, failed);
  return (
    <label class="select" title={value === "auto" ? aw("auto_why") : undefined}>
      <span class="hidden">{`${aw("enabled")}: ${rule.name}`}</span>
      <select value={value} disabled={rule.origin === "file"} onChange={(e) => void set(e.currentTarget.value)}>
        <option value="auto">{`${aw("auto")}${value === "auto" ? ` (${aw(rule.on === true ? "yes" : "no")})` : ""}`}</option>
        <option value="yes">{aw("yes")}</option>
        <option value="no">{aw("no")}</option>
      </select>
    </label>
  );
}

export function Rules() {
  const { value: rules, error, reload } = useLoaded<Rule[]>((signal) => getRules(signal), "rules");
  const [editing, setEditing] = useState<Rule | null>(null);
  const done = () => {
    setEditing(null);
    reload();
  };
  const remove = (rule: Rule) => {
    deleteRule(rule.id).then(done, failed);
  };
  return (
    <>
      <p class="list-tools">
        <button type="button" class="button primary" onClick={() => setEditing(FRESH)}>
          {aw("add_rule")}
        </button>
      </p>
      {error !== null && <p class="band warn" role="alert">{error}</p>}
      {editing !== null && <Editor key={editing.id} rule={editing} onDone={done} />}
      <div class="table-scroll" tabindex={0} role="region" aria-label={aw("tab_rules")}>
        <table class="big alerts">
          <thead>
            <tr>
              <th scope="col">{aw("rule")}</th>
              <th scope="col">{aw("when")}</th>
              <th scope="col">{aw("severity")}</th>
              <th scope="col">{aw("hold")}</th>
              <th scope="col">{aw("enabled")}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {(rules ?? []).map((rule) => (
              <tr key={rule.id} class={rule.on === false ? "dim" : ""}>
                <th scope="row">
                  {rule.name}
                  <small class="muted">{rule.note !== "" ? rule.note : aw(`origin_${rule.origin ?? "user"}`)}</small>
                </th>
                <td class="wrap">
                  {conditionText(rule.condition)}
                  {(rule.warnings ?? []).map((text) => (
                    <small class="v-near" key={text} lang="en">
                      {text}
                    </small>
                  ))}
                </td>
                <td>
                  <SeverityTag severity={rule.severity} />
                </td>
                <td class="tabular">{`${span(rule.for_s)} / ${span(rule.clear_s)}`}</td>
                <td>
                  <Switch rule={rule} onChange={reload} />
                </td>
                <td class="actions">
                  {rule.origin !== "file" && (
                    <button type="button" class="link" aria-label={`${aw("edit")}: ${rule.name}`} onClick={() => setEditing(rule)}>
                      {aw("edit")}
                    </button>
                  )}
                  {(rule.origin === "user" || rule.origin === "changed") && (
                    <button type="button" class="link" aria-label={`${aw(rule.origin === "user" ? "remove" : "reset")}: ${rule.name}`} onClick={() => remove(rule)}>
                      {aw(rule.origin === "user" ? "remove" : "reset")}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
