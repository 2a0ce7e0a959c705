// SPDX-License-Identifier: Apache-2.0
// One rule: what it watches, for how long, how bad it is. As a form, or as JSON.
import { useState } from "preact/hooks";
import { getMap } from "../../api/client";
import { plainEntry, saveRule } from "../../api/alerts";
import type { Rule } from "../../api/alert_types";
import type { Snapshot } from "../../api/types";
import { span } from "../../base/day";
import { useLoaded } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { JsonForm, Modes } from "./as_json";
import { ConditionFields } from "./condition_fields";
import { CheckedForm, Field, type Problems, problemsOf } from "./field";
import { SaveRow, SeverityField } from "./form_parts";
import { type ConditionType, draftOf, GROUPS, type RuleDraft, ruleOf, withType } from "./rule_draft";
import { conditionText } from "./texts";
import { aw } from "./words";

export const FRESH_RULE: Rule = {
  id: "", name: "", note: "", enabled: true, severity: "warning", for_s: 10, clear_s: 30, labels: {},
  condition: { type: "over_limit", metric: "latency", subject: "any" },
};

interface RuleFormProps {
  rule: Rule;
  onDone: () => void;
}

function Sentence({ draft }: { draft: RuleDraft }) {
  const { rule, problems } = ruleOf(draft);
  const clean = Object.keys(problems).every((place) => place === "name");
  return (
    <p class="band rule-sentence">
      {clean
        ? aw("rule_sentence", { condition: conditionText(rule.condition), hold: span(rule.for_s), clear: span(rule.clear_s) })
        : aw("rule_unfinished")}
    </p>
  );
}

function Form({ draft, setDraft, onJson, onDone }: { draft: RuleDraft; setDraft: (draft: RuleDraft) => void; onJson: (rule: Rule) => void; onDone: () => void }) {
  const { value: map } = useLoaded<Snapshot>((signal) => getMap({}, signal), "map");
  const [problems, setProblems] = useState<Problems>({});
  const [busy, setBusy] = useState(false);
  const set = (values: Partial<RuleDraft>) => setDraft({ ...draft, ...values });
  const save = () => {
    const { rule, problems: found } = ruleOf(draft);
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    saveRule(rule)
      .then(
        () => {
          toast(aw("saved"));
          onDone();
        },
        (error: unknown) => setProblems(problemsOf(error)),
      )
      .finally(() => setBusy(false));
  };
  return (
    <CheckedForm label={draft.rule.id === "" ? aw("add_rule") : `${aw("edit")}: ${draft.rule.name}`} problems={problems} onSubmit={save}>
      <Modes json={false} onChange={(json) => json && onJson(ruleOf(draft).rule)} />
      <Field name="name" label={aw("name")}>
        {(control) => <input {...control} type="text" maxLength={128} value={draft.name} onInput={(e) => set({ name: e.currentTarget.value })} />}
      </Field>
      <Field name="condition.type" label={aw("when")}>
        {(control) => (
          <select {...control} value={draft.type} onChange={(e) => setDraft(withType(draft, e.currentTarget.value as ConditionType))}>
            {(Object.keys(GROUPS) as (keyof typeof GROUPS)[]).map((group) => (
              <optgroup key={group} label={aw(`group_${group}`)}>
                {GROUPS[group].map((type) => (
                  <option key={type} value={type}>
                    {aw(`type_${type}`)}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      <ConditionFields draft={draft} map={map} onChange={setDraft} />
      <div class="limits-grid bare">
        <Field name="for_s" label={aw("for_s")} hint={aw("for_hint")}>
          {(control) => <input {...control} type="text" inputMode="numeric" value={draft.for_s} onInput={(e) => set({ for_s: e.currentTarget.value })} />}
        </Field>
        <Field name="clear_s" label={aw("clear_s")} hint={aw("clear_hint")}>
          {(control) => <input {...control} type="text" inputMode="numeric" value={draft.clear_s} onInput={(e) => set({ clear_s: e.currentTarget.value })} />}
        </Field>
        <SeverityField name="severity" value={draft.severity} onPick={(severity) => set({ severity })} />
      </div>
      <Sentence draft={draft} />
      <Field name="note" label={aw("note")}>
        {(control) => <input {...control} type="text" maxLength={500} value={draft.note} onInput={(e) => set({ note: e.currentTarget.value })} />}
      </Field>
      <Field name="labels" label={aw("labels")} hint={aw("labels_hint")}>
        {(control) => <textarea {...control} rows={2} spellcheck={false} value={draft.labels} placeholder="team=checkout" onInput={(e) => set({ labels: e.currentTarget.value })} />}
      </Field>
      <SaveRow busy={busy} onCancel={onDone} />
    </CheckedForm>
  );
}

export function RuleForm({ rule, onDone }: RuleFormProps) {
  const [draft, setDraft] = useState<RuleDraft | null>(draftOf(rule));
  const [json, setJson] = useState<Rule | null>(draft === null ? rule : null);
  if (json !== null || draft === null) {
    const shown = json ?? rule;
    return (
      <JsonForm
        label={aw("rule_json")}
        body={plainEntry(shown)}
        fixed={draft === null}
        onForm={(body) => {
          // What was left out keeps what a fresh rule has: the form needs every field.
          const read = draftOf({ ...FRESH_RULE, ...body, id: rule.id });
          if (read !== null) {
            setDraft(read);
            setJson(null);
          } else toast(aw("json_no_form"), true);
        }}
        onSave={(body) => saveRule(rule.id === "" ? body : { ...body, id: rule.id })}
        onDone={onDone}
      />
    );
  }
  return <Form draft={draft} setDraft={setDraft} onJson={setJson} onDone={onDone} />;
}
