// SPDX-License-Identifier: Apache-2.0
// What alerts: built-in rules that may be changed or switched off, and own ones.
import { useState } from "preact/hooks";
import { deleteRule, getRules, saveRule } from "../../api/alerts";
import type { Rule } from "../../api/alert_types";
import { span } from "../../base/day";
import { language } from "../../base/locale";
import { errorText, useLoaded } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { SeverityTag } from "./now";
import { FRESH_RULE, RuleForm } from "./rule_form";
import { conditionText } from "./texts";
import { ALERT_WORDS, aw } from "./words";

// What the server brings along is known by its id, and said in the reader's language.
function nameOf(rule: Rule): string {
  const key = `b_${rule.id}`;
  return rule.origin === "builtin" && key in ALERT_WORDS ? aw(key as keyof typeof ALERT_WORDS) : rule.name;
}

function noteOf(rule: Rule): string {
  const own = rule.note !== "" && (rule.origin !== "builtin" || language.value === "en");
  return own ? rule.note : aw(`origin_${rule.origin ?? "user"}`);
}

function failed(error: unknown): void {
  toast(errorText(error), true);
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
        <button type="button" class="button primary" onClick={() => setEditing(FRESH_RULE)}>
          {aw("add_rule")}
        </button>
      </p>
      {error !== null && <p class="band warn" role="alert">{error}</p>}
      {editing !== null && <RuleForm key={editing.id} rule={editing} onDone={done} />}
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
                  {nameOf(rule)}
                  <small class="muted">{noteOf(rule)}</small>
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
