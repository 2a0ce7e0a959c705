// SPDX-License-Identifier: Apache-2.0
// The run that runs now: its numbers second by second, from the live map.
import { useEffect, useState } from "preact/hooks";
import { LiveStream } from "../../api/live";
import { stopRun } from "../../api/runs";
import type { Run } from "../../api/run_types";
import type { Snapshot, Value } from "../../api/types";
import { elapsed } from "../../base/format";
import { formatMetric } from "../../base/metric";
import { href } from "../../base/route";
import { Icon, StateIcon } from "../../widgets/icon";
import { errorText } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { Labels, OriginMark } from "./badges";
import { w } from "./words";

export interface EntryNow {
  offered: Value;
  accepted: Value;
  latency: Value;
  errors: Value;
}

function sum(values: readonly Value[]): Value {
  const known = values.filter((v) => v !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

// What the entry sees: requests and failed connects are offered, answers without error accepted.
export function entryNow(snapshot: Snapshot): EntryNow {
  const entries = new Set(snapshot.nodes.filter((n) => n.entry).map((n) => n.id));
  const edges = snapshot.edges.filter((e) => entries.has(e.client));
  const of = (metric: string) => edges.map((e) => e.metrics[metric] ?? null);
  const requests = sum(of("request_rate"));
  const errors = sum(of("errors"));
  const failed = sum(of("connect_failures")) ?? 0;
  const slow = of("latency").filter((v) => v !== null);
  return {
    offered: requests === null ? null : requests + failed,
    accepted: requests === null ? null : Math.max(0, requests - (errors ?? 0)),
    latency: slow.length === 0 ? null : Math.max(...slow),
    errors: errors === null ? null : errors + failed,
  };
}

const KEEP = 90; // points of the little curve

function Spark({ values }: { values: readonly Value[] }) {
  const most = values.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);
  if (values.length < 2 || most === 0) return <svg class="spark" aria-hidden="true" />;
  const points = values.map((v, i) => `${((i / (KEEP - 1)) * 100).toFixed(1)},${(28 - ((v ?? 0) / most) * 25).toFixed(1)}`);
  return (
    <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}

function Number({ name, value, bad = false, history }: { name: string; value: string; bad?: boolean; history?: readonly Value[] }) {
  return (
    <div class={`number-tile ${bad ? "bad" : ""}`}>
      <dt>{name}</dt>
      <dd class="tabular">
        {bad && <StateIcon state="over" size={12} />}
        {value}
      </dd>
      {history !== undefined && <Spark values={history} />}
    </div>
  );
}

export function RunningCard({ run, onChange }: { run: Run; onChange: () => void }) {
  const [now, setNow] = useState<Snapshot | null>(null);
  const [history, setHistory] = useState<EntryNow[]>([]);
  useEffect(() => {
    const stream = new LiveStream({
      snapshot: (snapshot) => {
        setNow(snapshot);
        setHistory((before) => [...before.slice(1 - KEEP), entryNow(snapshot)]);
      },
      events: () => {},
      link: () => {},
    });
    stream.start();
    return () => stream.stop();
  }, []);
  const entry = history.at(-1) ?? null;
  const latencyState = now?.nodes.find((n) => n.entry)?.states["latency"];
  const verdict = now?.verdict;
  const stop = () => {
    stopRun(run.id).then(
      () => {
        toast(w("stopped", { name: run.name }));
        onChange();
      },
      (error: unknown) => toast(errorText(error), true),
    );
  };
  return (
    <section class="running" aria-label={w("running_now")}>
      <div class="running-head">
        <span class="run-state running">
          <i aria-hidden="true" />
          {w("running_now")}
        </span>
        <h2>
          <a href={href.run(run.id)}>{run.name}</a>
        </h2>
        <OriginMark run={run} />
        <Labels labels={run.labels} />
        <div class="spacer" />
        <a class="button" href={href.run(run.id)}>
          {w("open")}
        </a>
        <button type="button" class="button" onClick={stop}>
          <Icon name="stop" size={12} />
          {w("stop_run")}
        </button>
      </div>
      <dl class="numbers">
        <Number name={w("elapsed")} value={elapsed((now?.time ?? Date.now() / 1000) - run.begin)} />
        <Number name={w("offered")} value={formatMetric("request_rate", entry?.offered)} history={history.map((h) => h.offered)} />
        <Number name={w("accepted")} value={formatMetric("request_rate", entry?.accepted)} history={history.map((h) => h.accepted)} />
        <Number name={w("p95")} value={formatMetric("latency", entry?.latency)} bad={latencyState === "over"} history={history.map((h) => h.latency)} />
        <Number name={w("errors")} value={formatMetric("errors", entry?.errors)} bad={(entry?.errors ?? 0) > 0} history={history.map((h) => h.errors)} />
      </dl>
      {verdict !== undefined && (
        <p class="running-verdict">
          <StateIcon state={verdict.status === "bottleneck" ? "over" : verdict.status === "none" ? "ok" : "nodata"} size={13} />
          <span lang="en">{verdict.sentence}</span>
        </p>
      )}
    </section>
  );
}
