// SPDX-License-Identifier: Apache-2.0
// The six metrics of what is selected: now, limit, baseline. A limit is edited where it stands.
import { useState } from "preact/hooks";
import { METRICS, type State, type Values } from "../api/types";
import { clock, NONE } from "../base/format";
import { t } from "../base/locale";
import { formatMetric } from "../base/metric";
import { type Target, limitFor } from "../pages/map/limits";
import { baseline, change, limits, reference, shown, view } from "../pages/map/store";
import { Icon, StateIcon } from "../widgets/icon";
import { LimitEditor, limitText, metricName } from "./limit_editor";

export interface MetricTableProps {
  metrics: Values;
  states: Record<string, State>;
  before: Values | null; // the same metrics in the baseline
  target: Target;
  scope: string;
}

type Move = "better" | "worse" | "same";

// More traffic and more requests are neither good nor bad by themselves.
export function moveOf(metric: string, now: number | null, before: number | null): Move {
  if (now === null || before === null || metric === "traffic" || metric === "request_rate") return "same";
  const scale = Math.max(Math.abs(now), Math.abs(before));
  if (scale === 0 || Math.abs(now - before) / scale < 0.1) return "same";
  return now > before ? "worse" : "better";
}

const ARROW: Record<Move, string> = { better: "↓", worse: "↑", same: "" };

function BaselineNote() {
  const chosen = baseline.value;
  const pinned = view.value.baseline !== null;
  const at = shown.value?.time ?? null;
  let text = t("baseline_none");
  if (chosen !== null) {
    const range = { from: clock(chosen.from), to: clock(chosen.to), text: chosen.text };
    text = t(`baseline_${chosen.reason}`, range);
  }
  return (
    <p class="baseline-note">
      <span>
        {t("baseline")}: {text}
      </span>
      <button
        type="button"
        class="link"
        onClick={() => change({ baseline: pinned ? null : at })}
        disabled={!pinned && at === null}
      >
        <Icon name="pin" size={12} />
        {pinned ? t("baseline_unpin") : t("baseline_pin")}
      </button>
    </p>
  );
}

export function MetricTable({ metrics, states, before, target, scope }: MetricTableProps) {
  const [editing, setEditing] = useState<string | null>(null);
  const at = view.value.at;
  return (
    <>
      <table class="metrics">
        <thead>
          <tr>
            <th scope="col">{t("metric")}</th>
            <th scope="col">{at === null ? t("now") : clock(at)}</th>
            <th scope="col">{t("limit")}</th>
            <th scope="col">{t("baseline")}</th>
          </tr>
        </thead>
        <tbody>
          {METRICS.map((metric) => {
            const state = states[metric] ?? "nodata";
            const now = metrics[metric] ?? null;
            const then = before?.[metric] ?? null;
            const limit = limitFor(limits.value, target, metric);
            const move = moveOf(metric, now, then);
            const name = metricName(metric);
            return (
              <tr key={metric} class={`is-${state}`}>
                <th scope="row">
                  <span class={`swatch m-${metric}`} />
                  {name}
                </th>
                <td class="tabular now">
                  {(state === "over" || state === "near") && <StateIcon state={state} size={11} />}
                  {formatMetric(metric, now)}
                  <span class="hidden">{t(`state_${state}`)}</span>
                </td>
                <td class="tabular">
                  {target.kind === "default" ? (
                    NONE
                  ) : (
                    <button
                      type="button"
                      class="limit"
                      aria-label={`${limitText(metric, limit)}, ${t("limit_edit", { metric: name })}`}
                      onClick={() => setEditing(editing === metric ? null : metric)}
                    >
                      {limit === null ? NONE : limitText(metric, limit)}
                    </button>
                  )}
                </td>
                <td class={`tabular ${move}`}>
                  {formatMetric(metric, then)}
                  {move !== "same" && <span aria-hidden="true"> {ARROW[move]}</span>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {editing !== null && (
        <LimitEditor
          key={editing}
          metric={editing}
          limit={limitFor(limits.value, target, editing)}
          target={target}
          scope={scope}
          onDone={() => setEditing(null)}
        />
      )}
      <BaselineNote />
    </>
  );
}

// Values of the same edge or node in the baseline's map, or null.
export function baselineValues(kind: "node" | "edge", id: number): Values | null {
  const map = reference.value?.map;
  if (map === undefined) return null;
  const list = kind === "node" ? map.nodes : map.edges;
  return list.find((item) => item.id === id)?.metrics ?? null;
}
