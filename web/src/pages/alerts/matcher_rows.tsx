// SPDX-License-Identifier: Apache-2.0
// Which alerts a route carries or a silence holds back: one row per condition, all of them must hold.
import type { Matcher } from "../../api/alert_types";
import { Icon } from "../../widgets/icon";
import type { Problems } from "./field";
import { aw } from "./words";

const LABELS = ["service", "severity", "rule", "client", "server", "metric", "cause", "class", "kind"] as const;
const OPS = ["=", "!=", "~", "!~"] as const;
const OP_WORD = { "=": "op_is", "!=": "op_is_not", "~": "op_like", "!~": "op_not_like" } as const;
const FRESH: Matcher = { label: "service", op: "=", value: "" };

interface MatcherRowsProps {
  label: string;
  hint: string;
  matchers: readonly Matcher[];
  problems: Problems;
  onChange: (matchers: Matcher[]) => void;
}

// Where a row lacks something; the server's names for the places.
export function matcherProblems(matchers: readonly Matcher[]): Problems {
  const out: Problems = {};
  matchers.forEach((matcher, i) => {
    if (matcher.label.trim() === "") out[`matchers[${i}].label`] = aw("needed");
    if (matcher.value.trim() === "") out[`matchers[${i}].value`] = aw("needed");
  });
  return out;
}

export function MatcherRows({ label, hint, matchers, problems, onChange }: MatcherRowsProps) {
  const set = (at: number, values: Partial<Matcher>) => onChange(matchers.map((m, i) => (i === at ? { ...m, ...values } : m)));
  return (
    <fieldset class="matchers">
      <legend>{label}</legend>
      <datalist id="alert-labels">
        {LABELS.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {matchers.map((matcher, i) => {
        const bad = (part: "label" | "op" | "value") => problems[`matchers[${i}].${part}`] ?? null;
        const why = bad("label") ?? bad("op") ?? bad("value") ?? problems[`matchers[${i}]`] ?? null;
        const described = why === null ? undefined : `matcher-bad-${i}`;
        return (
          <div class="matcher" key={i} role="group" aria-label={`${label} ${i + 1}`}>
            <input type="text" list="alert-labels" maxLength={128} aria-label={aw("matcher_label")} aria-invalid={bad("label") !== null} aria-describedby={described} value={matcher.label} onInput={(e) => set(i, { label: e.currentTarget.value })} />
            <select aria-label={aw("matcher_op")} value={matcher.op} onChange={(e) => set(i, { op: e.currentTarget.value as Matcher["op"] })}>
              {OPS.map((op) => (
                <option key={op} value={op}>
                  {aw(OP_WORD[op])}
                </option>
              ))}
            </select>
            <input type="text" maxLength={256} aria-label={aw("matcher_value")} aria-invalid={bad("value") !== null} aria-describedby={described} placeholder={matcher.op.endsWith("~") ? "cart*" : "cart"} value={matcher.value} onInput={(e) => set(i, { value: e.currentTarget.value })} />
            <button type="button" class="tool small" aria-label={aw("matcher_remove", { n: i + 1 })} onClick={() => onChange(matchers.filter((_, at) => at !== i))}>
              <Icon name="close" size={12} />
            </button>
            {why !== null && (
              <small class="hint bad" id={described}>
                {why}
              </small>
            )}
          </div>
        );
      })}
      <div>
        <button type="button" class="button" onClick={() => onChange([...matchers, FRESH])}>
          <Icon name="plus" size={12} /> {aw("matcher_add")}
        </button>
      </div>
      <small class="hint">{hint}</small>
    </fieldset>
  );
}
