// SPDX-License-Identifier: Apache-2.0
// The verdict step by step: for each hop what its caller saw, where the time went, what it is short
// of; below it who else is suspected, what comes next, and how much of the demand was met.
import type { MapEdge, MapNode, Snapshot, Step, Verdict } from "../api/types";
import { count, duration, percent } from "../base/format";
import { language, t } from "../base/locale";
import { formatMetric, metricLabel } from "../base/metric";
import { type Key, STRING_TABLE } from "../base/strings";
import { Icon, StateIcon } from "../widgets/icon";
import { ww } from "./diagnosis_words";
import { signsOf, timeSplit } from "./time_split";
import "../style/diagnosis.css";

export interface DiagnosisProps {
  snapshot: Snapshot;
  hop: number;
  onHop: (hop: number) => void;
  onOpenEdge: (edge: MapEdge) => void;
  onOpenNode: (node: MapNode) => void;
}

export function causeName(kind: string): string {
  const key = `class_${kind}`;
  return t(key in STRING_TABLE ? (key as Key) : "class_unknown");
}

function labelOf(metric: string): string {
  const label = metricLabel(metric);
  return label === undefined ? metric : t(label);
}

function Fact({ name, value, state }: { name: string; value: string; state?: string | undefined }) {
  const bad = state === "over" || state === "near" ? state : null;
  return (
    <div class={bad === null ? "" : `v-${bad}`}>
      <dt>{name}</dt>
      <dd class="tabular">
        {bad !== null && <StateIcon state={bad} size={10} />}
        {value}
      </dd>
    </div>
  );
}

function CallerView({ edge, server }: { edge: MapEdge; server: string }) {
  const d = edge.details;
  return (
    <section aria-label={ww("at_caller")}>
      <h4>{ww("at_caller")}</h4>
      <dl class="facts-grid">
        <Fact name={ww("latency_p95")} value={formatMetric("latency", edge.metrics["latency"])} state={edge.states["latency"]} />
        <Fact name={ww("latency_avg")} value={duration(d["latency_avg"])} />
        <Fact name={ww("latency_p99")} value={duration(d["latency_p99"])} />
        <Fact name={ww("server_p95", { name: server })} value={duration(d["latency_server_p95"])} />
        <Fact name={ww("between")} value={duration(d["latency_difference"])} />
        <Fact name={ww("requests")} value={formatMetric("request_rate", edge.metrics["request_rate"])} />
        <Fact name={ww("in_flight")} value={count(d["in_flight"])} />
        <Fact name={ww("errors")} value={formatMetric("errors", edge.metrics["errors"])} state={edge.states["errors"]} />
        <Fact name={ww("connect")} value={formatMetric("connect_latency", edge.metrics["connect_latency"])} state={edge.states["connect_latency"]} />
        <Fact name={ww("failures")} value={formatMetric("connect_failures", edge.metrics["connect_failures"])} state={edge.states["connect_failures"]} />
      </dl>
    </section>
  );
}

function Split({ snapshot, node }: { snapshot: Snapshot; node: MapNode }) {
  const split = timeSplit(snapshot, node);
  if (split === null) return <p class="hint">{ww("split_unknown")}</p>;
  const { total } = split;
  const share = (us: number) => `${((us / Math.max(1, total)) * 100).toFixed(1)}%`;
  const parts = [
    { id: "own", us: split.ownLeast },
    { id: "either", us: split.ownMost - split.ownLeast },
    { id: "downstream", us: split.downstreamLeast },
  ] as const;
  const title = ww("where_time", { name: node.name, v: duration(total) });
  return (
    <section aria-label={title}>
      <h4>{title}</h4>
      <div class="split-bar" aria-hidden="true">
        {parts.map((part) => (part.us > 0 ? <i key={part.id} class={part.id} style={{ width: share(part.us) }} /> : null))}
      </div>
      <ul class="split-key">
        {parts.map((part) =>
          part.us > 0 ? (
            <li key={part.id}>
              <i class={part.id} aria-hidden="true" />
              {ww(part.id)} <b class="tabular">{duration(part.us)}</b> <span class="muted tabular">{percent(part.us / Math.max(1, total))}</span>
            </li>
          ) : null,
        )}
      </ul>
      {split.calls.length === 0 ? (
        <p class="hint">{ww("no_calls")}</p>
      ) : (
        <ul class="split-calls">
          {split.calls.slice(0, 4).map((call) => (
            <li key={call.edge.id}>
              <span>{call.name}</span>
              <span class="muted tabular">{ww("calls_per", { n: count(call.perRequest) })}</span>
              <b class="tabular">{duration(call.waiting)}</b>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Saturation({ node }: { node: MapNode }) {
  const signs = signsOf(node);
  const title = ww("saturation", { name: node.name });
  return (
    <section aria-label={title}>
      <h4>
        {title}
        {node.replicas > 1 && <span class="muted tabular"> · {ww("replicas", { n: node.replicas })}</span>}
      </h4>
      {signs.length === 0 && <p class="hint">{ww("saturation_none")}</p>}
      <ul class="signs">
        {signs.map((sign) => (
          <li key={sign.metric} class={sign.level >= 0.8 ? "high" : ""}>
            <span>
              {sign.level >= 0.8 && <StateIcon state="over" size={10} />} {labelOf(sign.metric)}
            </span>
            <span class="meter" aria-hidden="true">
              <i style={{ width: `${Math.round(sign.level * 100)}%` }} />
            </span>
            <span class="tabular">
              {formatMetric(sign.metric, sign.value)}
              {sign.limit !== null && <span class="muted"> {ww("of_limit", { v: formatMetric(sign.metric, sign.limit) })}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface StepBodyProps extends DiagnosisProps {
  step: Step;
}

function StepBody({ snapshot, step, onOpenEdge }: StepBodyProps) {
  const edge = snapshot.edges.find((e) => e.id === step.edge);
  const server = edge === undefined ? undefined : snapshot.nodes.find((n) => n.id === edge.server);
  return (
    <div class="walk-body">
      {step.text !== "" && language.value === "en" && <p>{step.text}</p>}
      {edge !== undefined && <CallerView edge={edge} server={step.server} />}
      {server !== undefined && <Split snapshot={snapshot} node={server} />}
      {server !== undefined && <Saturation node={server} />}
      {edge !== undefined && (
        <button type="button" class="link" onClick={() => onOpenEdge(edge)}>
          {ww("open_edge", { name: `${step.client} → ${step.server}` })}
        </button>
      )}
    </div>
  );
}

function Walk(props: DiagnosisProps) {
  const { snapshot, hop, onHop } = props;
  const { steps } = snapshot.verdict;
  if (steps.length === 0) return <p class="hint">{ww("walk_none")}</p>;
  const at = Math.min(Math.max(0, hop), steps.length - 1);
  return (
    <section aria-label={ww("walk")}>
      <div class="walk-head">
        <h3>{ww("walk")}</h3>
        <div class="walk" role="group" aria-label={ww("walk")}>
          <button type="button" class="tool small" aria-label={ww("previous")} title={ww("previous")} disabled={at === 0} onClick={() => onHop(at - 1)}>
            <Icon name="left" size={13} />
          </button>
          <span class="tabular">{ww("step_of", { i: at + 1, n: steps.length })}</span>
          <button type="button" class="tool small" aria-label={ww("next")} title={ww("next")} disabled={at === steps.length - 1} onClick={() => onHop(at + 1)}>
            <Icon name="right" size={13} />
          </button>
        </div>
      </div>
      <ol class="walk-list">
        {steps.map((step, i) => (
          <li key={`${i} ${step.edge}`} class={i === at ? "current" : ""}>
            <button type="button" class="walk-step" aria-expanded={i === at} onClick={() => onHop(i)}>
              <span class="walk-number tabular" aria-hidden="true">
                {i + 1}
              </span>
              <span class="walk-name">
                {step.client} → <b>{step.server}</b>
              </span>
              <span class="tabular strong">{duration(step.latency_us)}</span>
              {step.share !== null && step.share > 0 && (
                <span class="walk-share tabular" title={ww("of_harm")}>
                  {percent(step.share)} <span class="hidden">{ww("of_harm")}</span>
                </span>
              )}
            </button>
            {i === at && <StepBody {...props} step={step} />}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Candidates({ snapshot, onOpenNode }: DiagnosisProps) {
  const { candidates } = snapshot.verdict;
  return (
    <section aria-label={ww("candidates")}>
      <h3>{ww("candidates")}</h3>
      {candidates.length === 0 && <p class="hint">{ww("no_candidates")}</p>}
      <ol class="suspects">
        {candidates.map((candidate) => {
          const node = snapshot.nodes.find((n) => n.id === candidate.id);
          return (
            <li key={candidate.id}>
              <div class="suspect-line">
                <button type="button" class="link" disabled={node === undefined} onClick={() => node !== undefined && onOpenNode(node)}>
                  {candidate.service}
                </button>
                <span class="class-tag">{causeName(candidate.class)}</span>
                <span class="meter" aria-hidden="true">
                  <i style={{ width: `${Math.round(Math.min(1, Math.max(0, candidate.score)) * 100)}%` }} />
                </span>
                <span class="tabular" title={ww("score")}>
                  {percent(candidate.score)}
                </span>
              </div>
              {typeof candidate.confidence === "number" && (
                <p class="muted tabular">{ww("confidence", { p: percent(candidate.confidence) })}</p>
              )}
              <ul class="evidence" lang="en">
                {candidate.evidence.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Demand({ verdict }: { verdict: Verdict }) {
  const { demand } = verdict;
  if (demand === undefined || demand.offered === null) return null;
  const { offered, accepted } = demand;
  const met = accepted === null || offered <= 0 ? null : Math.min(1, accepted / offered);
  return (
    <section aria-label={ww("demand")}>
      <h3>{ww("demand")}</h3>
      <ul class="signs demand">
        <li>
          <span>{ww("offered")}</span>
          <span class="meter calm" aria-hidden="true">
            <i style={{ width: "100%" }} />
          </span>
          <span class="tabular">{formatMetric("request_rate", offered)}</span>
        </li>
        <li>
          <span>{ww("accepted")}</span>
          <span class="meter calm" aria-hidden="true">
            <i style={{ width: `${Math.round((met ?? 0) * 100)}%` }} />
          </span>
          <span class="tabular">{formatMetric("request_rate", accepted)}</span>
        </li>
      </ul>
      {met !== null && (
        <p class="hint tabular">{met >= 0.995 ? ww("answered") : ww("turned_away", { p: percent(1 - met) })}</p>
      )}
      {demand.text !== "" && <p lang="en">{demand.text}</p>}
    </section>
  );
}

export function Diagnosis(props: DiagnosisProps) {
  const { verdict } = props.snapshot;
  return (
    <div class="diagnosis">
      <p class="diagnosis-sentence" lang="en">
        {verdict.sentence}
        {verdict.confidence !== null && verdict.status === "bottleneck" && (
          <span class="muted tabular"> {ww("confidence", { p: percent(verdict.confidence) })}</span>
        )}
      </p>
      <Walk {...props} />
      <Candidates {...props} />
      <section aria-label={ww("next_title")}>
        <h3>{ww("next_title")}</h3>
        {verdict.next === null ? (
          <p class="hint">{ww("next_none")}</p>
        ) : (
          <p>
            <b>{verdict.next.service}</b> <span class="muted" lang="en">{verdict.next.text}</span>
          </p>
        )}
      </section>
      <Demand verdict={verdict} />
    </div>
  );
}
