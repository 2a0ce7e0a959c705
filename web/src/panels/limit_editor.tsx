// SPDX-License-Identifier: Apache-2.0
// One limit, typed with its unit.
import { useState } from "preact/hooks";
import { parseQuantity } from "../base/format";
import { t } from "../base/locale";
import { formatMetric, limitKind, metricLabel } from "../base/metric";
import type { Target } from "../pages/map/limits";
import { editLimit } from "../pages/map/store";

export function limitText(metric: string, limit: number | null): string {
  if (limit === null) return t("off");
  return limit === 0 ? "0" : formatMetric(metric, limit);
}

export function metricName(metric: string): string {
  const label = metricLabel(metric);
  return label === undefined ? metric : t(label);
}

interface EditorProps {
  metric: string;
  limit: number | null;
  target: Target;
  scope: string;
  onDone: () => void;
}

export function LimitEditor({ metric, limit, target, scope, onDone }: EditorProps) {
  const [text, setText] = useState(limitText(metric, limit));
  const [bad, setBad] = useState(false);
  const kind = limitKind(metric);
  const save = (event: Event) => {
    event.preventDefault();
    const value = parseQuantity(text, kind);
    if (value === undefined) {
      setBad(true);
      return;
    }
    void editLimit(target, metric, value);
    onDone();
  };
  return (
    <form class="limit-editor" onSubmit={save}>
      <label>
        {t("limit_edit", { metric: metricName(metric) })}
        <input
          type="text"
          value={text}
          aria-invalid={bad}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setBad(false);
          }}
          onFocus={(event) => event.currentTarget.select()}
        />
      </label>
      <p class={bad ? "hint bad" : "hint"} role={bad ? "alert" : undefined}>
        {bad ? t("limit_bad") : `${scope}; ${t(`limit_example_${kind}`)}`}
      </p>
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
