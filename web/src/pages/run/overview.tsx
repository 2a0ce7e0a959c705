// SPDX-License-Identifier: Apache-2.0
// What the run was held to and what it kept, its steps, what is doubtful.
import { useState } from "preact/hooks";
import type { ObjectiveResult, RunDetail, RunStep } from "../../api/run_types";
import type { Selection } from "../../base/url_state";
import { span } from "../../base/day";
import { bytes, clock, count, percent } from "../../base/format";
import { t } from "../../base/locale";
import { formatMetric, metricLabel } from "../../base/metric";
import { Icon, StateIcon } from "../../widgets/icon";
import { w } from "../runs/words";

function metricName(metric: string): string {
  const label = metricLabel(metric);
  return label === undefined ? metric : t(label);
}

function subjectOf(result: ObjectiveResult): string {
  return result.service ?? `${result.client ?? "?"} → ${result.server ?? "?"}`;
}

function selectionOf(result: ObjectiveResult): Selection {
  if (result.service !== undefined) return { kind: "node", node: result.service };
  const { client = "", server = "", port = 0, protocol = "" } = result;
  return { kind: "edge", client, server, port, protocol };
}

function Objectives({ run, onSelect }: { run: RunDetail; onSelect: (selection: Selection) => void }) {
  const [all, setAll] = useState(false);
  const broken = run.results.filter((r) => !r.met);
  const met = run.results.length - broken.length;
  const rows = all ? run.results : broken;
  return (
    <section aria-label={w("objectives")}>
      <h3>
        {w("objectives")}
        <span class="muted tabular"> {run.results.length > 0 && w("n_of_m_met", { n: met, m: run.results.length })}</span>
      </h3>
      {run.results.length === 0 && <p class="hint">{w("none_judged")}</p>}
      {run.results.length > 0 && broken.length === 0 && (
        <p class="met yes">
          <Icon name="check" size={13} /> {w("all_met", { n: met })}
        </p>
      )}
      {rows.length > 0 && (
        <table class="metrics objectives">
          <thead>
            <tr>
              <th scope="col">{w("what")}</th>
              <th scope="col">{w("value")}</th>
              <th scope="col">{w("limit")}</th>
              <th scope="col">{w("over_share")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={`${subjectOf(r)} ${r.port ?? ""} ${r.metric}`} class={r.met ? "" : "is-over"}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => onSelect(selectionOf(r))}>
                    {subjectOf(r)}
                  </button>
                  <small class="muted">{metricName(r.metric)}</small>
                </th>
                <td class="tabular now">
                  {r.met ? <Icon name="check" size={11} /> : <StateIcon state="over" size={11} />}
                  {formatMetric(r.metric, r.value)}
                  <span class="hidden">{w(r.met ? "met" : "not_met")}</span>
                </td>
                <td class="tabular">{r.limit === 0 ? "0" : formatMetric(r.metric, r.limit)}</td>
                <td class="tabular">{percent(r.over_share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {met > 0 && broken.length > 0 && (
        <button type="button" class="link more" onClick={() => setAll(!all)}>
          {all ? w("hide_met") : w("show_met", { n: met })}
        </button>
      )}
    </section>
  );
}

function StepRow({ step, picked, onStep }: { step: RunStep; picked: boolean; onStep: () => void }) {
  const { verdict } = step;
  const shape = step.shape === "ramp" ? w("ramp") : w(`reason_${step.reason}`);
  const label = step.label === "" ? shape : step.label;
  return (
    <tr class={picked ? "picked" : ""}>
      <th scope="row">
        <button type="button" class="link" aria-pressed={picked} onClick={onStep}>
          {step.index + 1}
        </button>
        <small class="muted" title={`${clock(step.from)}–${clock(step.to)}`}>
          {label}
        </small>
      </th>
      <td class="tabular">{count(step.offered_rate)}</td>
      <td class="tabular">{count(step.accepted_rate)}</td>
      <td class="tabular">{formatMetric("latency", step.latency_p95)}</td>
      <td class="tabular">{count(step.errors)}</td>
      <td class="step-verdict" title={verdict.sentence}>
        <StateIcon state={verdict.status === "bottleneck" ? "over" : verdict.status === "none" ? "ok" : "nodata"} size={11} />
        {verdict.bottleneck ?? w(verdict.status === "none" ? "no_bottleneck" : "unclear")}
      </td>
    </tr>
  );
}

function Steps({ run, picked, onStep }: { run: RunDetail; picked: number | null; onStep: (step: number) => void }) {
  return (
    <section aria-label={w("steps")}>
      <h3>{w("steps")}</h3>
      <table class="metrics steps-table">
        <thead>
          <tr>
            <th scope="col">{w("step_col")}</th>
            <th scope="col">{w("offered_col")}/s</th>
            <th scope="col">{w("accepted_col")}/s</th>
            <th scope="col">p95</th>
            <th scope="col">{w("errors")}</th>
            <th scope="col">{w("verdict")}</th>
          </tr>
        </thead>
        <tbody>
          {run.steps.map((step) => (
            <StepRow key={step.index} step={step} picked={picked === step.index} onStep={() => onStep(step.index)} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Doubts({ run }: { run: RunDetail }) {
  const losses = Object.entries(run.losses).filter(([, n]) => n > 0);
  return (
    <section aria-label={w("doubts")}>
      <h3>{w("doubts")}</h3>
      {losses.length === 0 && run.doubts.length === 0 && <p class="hint">{w("no_doubts")}</p>}
      <ul class="evidence" lang="en">
        {run.doubts.map((text) => (
          <li key={text}>{text}</li>
        ))}
        {losses.map(([cause, n]) => (
          <li key={cause} class="muted">
            {cause}: <span class="tabular">{n.toLocaleString("en")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export interface OverviewProps {
  run: RunDetail;
  step: number | null;
  onStep: (step: number) => void;
  onSelect: (selection: Selection) => void;
}

export function Overview({ run, step, onStep, onSelect }: OverviewProps) {
  const facts: [string, string][] = [
    [w("generator"), run.generator ?? "–"],
    [w("host"), run.host],
    [w("capture"), run.tier],
    [w("version"), run.version],
    [w("bucket"), span(run.bucket_seconds)],
    [w("size"), bytes(run.bytes)],
  ];
  return (
    <>
      <Objectives run={run} onSelect={onSelect} />
      {run.steps.length > 0 && <Steps run={run} picked={step} onStep={onStep} />}
      <Doubts run={run} />
      <section aria-label={w("facts")}>
        <h3>{w("facts")}</h3>
        <dl class="detail-grid">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}
