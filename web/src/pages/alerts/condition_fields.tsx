// SPDX-License-Identifier: Apache-2.0
// The fields of each kind of condition.
import type { Snapshot } from "../../api/types";
import { METRICS } from "../../api/types";
import { t } from "../../base/locale";
import { limitKind, metricKind, metricLabel } from "../../base/metric";
import { Choices, Field } from "./field";
import { CLASSES, EFFECTS, EVENTS, FIELDS_OF, pick, type RuleDraft } from "./rule_draft";
import { classWord } from "./texts";
import { aw } from "./words";

interface Props {
  draft: RuleDraft;
  map: Snapshot | null;
  onChange: (draft: RuleDraft) => void;
}

function nameOf(metric: string): string {
  const label = metricLabel(metric);
  return label === undefined ? metric : t(label);
}

// Every number the map has of such a subject, so that none can be chosen that never comes.
function metricsOf(map: Snapshot | null, subject: string, chosen: string): string[] {
  const names = new Set<string>(METRICS);
  const items = subject === "edge" ? (map?.edges ?? []) : [...(map?.nodes ?? []), ...(subject === "node" ? [] : (map?.edges ?? []))];
  for (const item of items.slice(0, 500)) for (const name of Object.keys(item.details)) names.add(name);
  if (chosen !== "") names.add(chosen);
  return [...names];
}

function exampleOf(metric: string): string {
  const kind = metricKind(metric);
  if (kind === "ratio") return aw("example_ratio");
  if (kind === "count") return aw("example_count");
  return aw(`example_${limitKind(metric)}`);
}

export function ConditionFields({ draft, map, onChange }: Props) {
  const set = (field: string, value: string) => onChange({ ...draft, text: { ...draft.text, [field]: value } });
  const text = (field: string) => draft.text[field] ?? "";
  const has = (field: string) => FIELDS_OF[draft.type].includes(field);
  const subject = text("subject");
  const services = [...new Set((map?.nodes ?? []).map((node) => node.name))].sort();
  const metrics = draft.type === "over_limit" ? METRICS : metricsOf(map, subject, text("metric"));
  const name = (field: "service" | "client" | "server", hint: string) => (
    <Field name={`condition.${field}`} label={aw(`in_${field}`)} hint={hint}>
      {(control) => <input {...control} type="text" list="alert-services" maxLength={128} placeholder="*" value={text(field)} onInput={(e) => set(field, e.currentTarget.value)} />}
    </Field>
  );
  return (
    <>
      <datalist id="alert-services">
        {services.map((service) => (
          <option key={service} value={service} />
        ))}
      </datalist>
      {has("metric") && (
        <div class="limits-grid bare">
          <Field name="condition.metric" label={aw("in_metric")}>
            {(control) => (
              <select {...control} value={text("metric")} onChange={(e) => set("metric", e.currentTarget.value)}>
                {draft.type === "over_limit" && <option value="">{aw("any_of_six")}</option>}
                {metrics.map((metric) => (
                  <option key={metric} value={metric}>
                    {nameOf(metric)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field name="condition.subject" label={aw("in_subject")}>
            {(control) => (
              <select {...control} value={subject} onChange={(e) => set("subject", e.currentTarget.value)}>
                {(["any", "edge", "node"] as const).map((one) => (
                  <option key={one} value={one}>
                    {aw(`subject_${one}`)}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
      )}
      {has("value") && (
        <div class="limits-grid bare">
          <Field name="condition.op" label={aw("in_op")}>
            {(control) => (
              <select {...control} value={text("op")} onChange={(e) => set("op", e.currentTarget.value)}>
                <option value=">">{aw("op_above")}</option>
                <option value="<">{aw("op_below")}</option>
              </select>
            )}
          </Field>
          <Field name="condition.value" label={aw("in_value")} hint={exampleOf(text("metric"))}>
            {(control) => <input {...control} type="text" inputMode="decimal" value={text("value")} onInput={(e) => set("value", e.currentTarget.value)} />}
          </Field>
        </div>
      )}
      {has("kinds") && (
        <Choices
          name="condition.kinds"
          label={aw("in_kinds")}
          hint={aw("none_is_any")}
          options={EVENTS.map((kind) => [kind, aw(`e_${kind}`)] as const)}
          picked={draft.picked.kinds}
          onPick={(kind, on) => onChange(pick(draft, "kinds", kind, on))}
        />
      )}
      {has("service") && !has("client") && name("service", aw("glob_hint"))}
      {has("client") && subject !== "edge" && name("service", aw("glob_hint"))}
      {has("client") && subject !== "node" && (
        <div class="limits-grid bare">
          {name("client", "")}
          {name("server", aw("glob_hint"))}
        </div>
      )}
      {has("count") && (
        <Field name="condition.count" label={aw(draft.type === "event" ? "in_count_events" : "in_count_edges")}>
          {(control) => <input {...control} type="text" inputMode="numeric" value={text("count")} onInput={(e) => set("count", e.currentTarget.value)} />}
        </Field>
      )}
      {has("min_confidence") && (
        <Field name="condition.min_confidence" label={aw("in_min_confidence")} hint={aw("min_confidence_hint")}>
          {(control) => <input {...control} type="text" inputMode="decimal" value={text("min_confidence")} onInput={(e) => set("min_confidence", e.currentTarget.value)} />}
        </Field>
      )}
      {has("classes") && (
        <Choices
          name="condition.classes"
          label={aw("in_classes")}
          hint={aw("none_is_any")}
          options={CLASSES.map((one) => [one, classWord(one)] as const)}
          picked={draft.picked.classes}
          onPick={(one, on) => onChange(pick(draft, "classes", one, on))}
        />
      )}
      {has("run") && (
        <Field name="condition.run" label={aw("in_run")} hint={aw("glob_hint")}>
          {(control) => <input {...control} type="text" maxLength={128} placeholder="*" value={text("run")} onInput={(e) => set("run", e.currentTarget.value)} />}
        </Field>
      )}
      {has("per_s") && (
        <Field name="condition.per_s" label={aw("in_per_s")}>
          {(control) => <input {...control} type="text" inputMode="decimal" value={text("per_s")} onInput={(e) => set("per_s", e.currentTarget.value)} />}
        </Field>
      )}
      {has("effects") && (
        <Choices
          name="condition.effects"
          label={aw("in_effects")}
          hint={aw("none_is_any")}
          options={EFFECTS.map((one) => [one, t(`loss_${one}`)] as const)}
          picked={draft.picked.effects}
          onPick={(one, on) => onChange(pick(draft, "effects", one, on))}
        />
      )}
      {has("causes") && (
        <Field name="condition.causes" label={aw("in_causes")} hint={aw("causes_hint")}>
          {(control) => <textarea {...control} rows={2} spellcheck={false} placeholder="ring_full" value={text("causes")} onInput={(e) => set("causes", e.currentTarget.value)} />}
        </Field>
      )}
    </>
  );
}
