// SPDX-License-Identifier: Apache-2.0
// Curves of the entry, or of what is selected, over the whole run, with the bands of its steps.
import { useMemo } from "preact/hooks";
import { getRunSeries } from "../../api/runs";
import type { RunDetail } from "../../api/run_types";
import type { Series, Value } from "../../api/types";
import { t } from "../../base/locale";
import { formatMetric } from "../../base/metric";
import { useLoaded } from "../../widgets/loaded";
import { LinesPlot } from "../../widgets/lines_plot";
import { w } from "../runs/words";
import { offeredAndAccepted } from "./offered";
import { boundsOf, type RunView } from "./view";

const METRICS = [
  "request_rate", "errors", "connect_failures", "latency_p50", "latency_p95", "latency_p99", "connect_latency", "traffic",
];
const MOST_POINTS = 600;

export interface RunCurvesProps {
  run: RunDetail;
  view: RunView;
  subject: { kind: "node" | "edge"; id: number; name: string };
  everyMs: number;
  onPick: (time: number) => void;
}

const rate = (v: Value) => formatMetric("request_rate", v);
const latency = (v: Value) => formatMetric("latency", v);

export function RunCurves({ run, view, subject, everyMs, onPick }: RunCurvesProps) {
  const { from, to } = boundsOf(run);
  const step = Math.max(run.bucket_seconds, Math.ceil((to - from) / MOST_POINTS));
  const { kind, id } = subject;
  const { value: series, error } = useLoaded<Series>(
    (signal) => getRunSeries(run.id, { [kind]: id, metrics: METRICS, from, to, step }, signal),
    `${run.id} ${kind} ${id} ${from} ${everyMs > 0 ? "" : to}`,
    everyMs,
  );
  const bands = useMemo(
    () => run.steps.map((s) => ({ from: s.from, to: s.to, picked: view.at === null && view.step === s.index })),
    [run.steps, view.at, view.step],
  );
  const marks = useMemo(() => [...run.events, ...run.marks].map((e) => e.time), [run.events, run.marks]);
  const figures = useMemo(() => {
    if (series === null) return null;
    const of = (name: string) => series.series[name] ?? [];
    const { offered, accepted } = offeredAndAccepted(of("request_rate"), of("errors"), of("connect_failures"));
    return {
      load: [offered, accepted],
      latency: [of("latency_p50"), of("latency_p95"), of("latency_p99")],
      errors: [of("errors"), of("connect_failures")],
      connect: [of("connect_latency")],
      traffic: [of("traffic")],
    };
  }, [series]);
  if (series === null || figures === null) return <p class="hint">{error ?? t("loading")}</p>;
  if (series.times.length === 0) return <p class="hint">{w("curves_wait")}</p>;
  const common = { times: series.times, bands, marks, at: view.at, group: `run ${run.id}`, onPick };
  return (
    <section class="curves" aria-label={w("curves_of", { name: subject.name })}>
      <LinesPlot
        {...common}
        title={w("curve_load")}
        lines={[
          { name: w("offered"), colour: "--c-request_rate", dash: [5, 3] },
          { name: w("accepted"), colour: "--c-retrans_syn", fill: true },
        ]}
        values={figures.load}
        limit={null}
        format={rate}
      />
      <LinesPlot
        {...common}
        title={w("curve_latency")}
        lines={[
          { name: "p50", colour: "--c-traffic", dash: [2, 2] },
          { name: "p95", colour: "--c-latency" },
          { name: "p99", colour: "--c-server_resets", dash: [6, 3] },
        ]}
        values={figures.latency}
        limit={series.limits["latency"] ?? null}
        format={latency}
      />
      <LinesPlot
        {...common}
        title={w("curve_errors")}
        lines={[
          { name: w("errors"), colour: "--c-errors", fill: true },
          { name: w("failed_connects"), colour: "--c-connect_failures", dash: [5, 3] },
        ]}
        values={figures.errors}
        limit={null}
        format={rate}
      />
      <LinesPlot {...common} title={w("curve_connect")} height={96} lines={[{ name: "p95", colour: "--c-connect_latency" }]} values={figures.connect} limit={series.limits["connect_latency"] ?? null} format={latency} />
      <LinesPlot {...common} title={w("curve_traffic")} height={96} lines={[{ name: t("m_traffic"), colour: "--c-traffic", fill: true }]} values={figures.traffic} limit={null} format={(v) => formatMetric("traffic", v)} />
    </section>
  );
}
