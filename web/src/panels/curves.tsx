// SPDX-License-Identifier: Apache-2.0
// History of what is selected: the six metrics and what explains them, on one time axis.
import { useEffect, useRef, useState } from "preact/hooks";
import { effect } from "@preact/signals";
import { getSeries } from "../api/client";
import { METRICS, type Series, type Value } from "../api/types";
import { t, theme } from "../base/locale";
import { formatMetric } from "../base/metric";
import { isShown } from "../pages/map/baseline";
import { baseline, events, second, serverNow, view } from "../pages/map/store";
import { Curve } from "../widgets/chart";
import { metricName } from "./limit_editor";
import { mergeSeries } from "./series_merge";

const EDGE_METRICS = [...METRICS, "retrans_syn", "server_resets", "in_flight"];
// Saturation is measured where the requests are served.
const NODE_METRICS = ["cpu_throttled"];
const REFRESH_S = 2;
const OVERLAP_S = 20; // the newest seconds may still be on their way to the store
const HEIGHT = 92;

export interface CurvesProps {
  edge: number | null;
  node: number;
}

const COLOURS: Record<string, string> = {
  traffic: "--c-traffic",
  request_rate: "--c-request_rate",
  errors: "--c-errors",
  latency: "--c-latency",
  connect_latency: "--c-connect_latency",
  connect_failures: "--c-connect_failures",
  retrans_syn: "--c-retrans_syn",
  server_resets: "--c-server_resets",
  in_flight: "--c-in_flight",
  cpu_throttled: "--c-cpu_throttled",
};

async function load({ edge, node }: CurvesProps, from: number, to: number, step: number): Promise<Series> {
  const range = { from, to, step };
  if (edge === null) {
    return getSeries({ node, metrics: [...EDGE_METRICS, ...NODE_METRICS], ...range });
  }
  const [calls, host] = await Promise.all([
    getSeries({ edge, metrics: EDGE_METRICS, ...range }),
    getSeries({ node, metrics: NODE_METRICS, ...range }).catch(() => null),
  ]);
  const at = new Map(host?.times.map((time, i) => [time, i]) ?? []);
  for (const name of NODE_METRICS) {
    calls.series[name] = calls.times.map((time): Value => {
      const i = at.get(time);
      return i === undefined ? null : (host?.series[name]?.[i] ?? null);
    });
  }
  return calls;
}

function Plot({ name, series }: { name: string; series: Series }) {
  const host = useRef<HTMLDivElement>(null);
  const curve = useRef<Curve | null>(null);
  const [hover, setHover] = useState<string | null>(null);
  const shade = theme.value;
  useEffect(() => {
    if (host.current === null) return undefined;
    const made = new Curve(
      host.current,
      { colour: COLOURS[name] ?? "--accent", format: (v) => formatMetric(name, v), height: HEIGHT },
      setHover,
    );
    curve.current = made;
    const watcher = new ResizeObserver(() => made.resize());
    watcher.observe(host.current);
    return () => {
      watcher.disconnect();
      made.destroy();
      curve.current = null;
    };
  }, [name, shade]);
  const at = view.value.at;
  const marks = events.value;
  const band = baseline.value;
  useEffect(() => {
    curve.current?.show({
      times: series.times,
      values: series.series[name] ?? [],
      limit: series.limits[name] ?? null,
      marks: marks.filter(isShown),
      at,
      band,
    });
  }, [series, name, at, marks, shade, band?.from, band?.to]);
  const last = series.series[name]?.findLast((value) => value !== null);
  return (
    <figure class="curve">
      <figcaption>
        <span class={`swatch m-${name}`} />
        {metricName(name)}
        <span class="tabular curve-value">{hover ?? formatMetric(name, last)}</span>
      </figcaption>
      <div ref={host} class="plot" role="img" aria-label={`${metricName(name)}: ${formatMetric(name, last)}`} />
    </figure>
  );
}

export function Curves(props: CurvesProps) {
  const [series, setSeries] = useState<Series | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const range = view.value.range;
  useEffect(() => {
    let known: Series | null = null;
    let stopped = false;
    let busy = false;
    const step = Math.max(1, Math.ceil(range / 600));
    const fetchMore = async () => {
      if (busy || document.hidden) return;
      busy = true;
      const to = Math.floor(serverNow() / step) * step;
      const start = to - range;
      const last = known?.times.at(-1);
      const from = last === undefined ? start : Math.max(start, last - OVERLAP_S - (OVERLAP_S % step));
      try {
        const more = await load(props, Math.floor(from / step) * step, to, step);
        if (stopped) return;
        known = mergeSeries(known, more, start);
        setSeries(known);
        setFailed(null);
      } catch (error) {
        if (!stopped) setFailed(error instanceof Error ? error.message : String(error));
      } finally {
        busy = false;
      }
    };
    const stop = effect(() => {
      if (second.value % REFRESH_S === 0 || known === null) void fetchMore();
    });
    return () => {
      stopped = true;
      stop();
    };
  }, [props.edge, props.node, range]);
  if (series === null) return <p class="hint">{failed ?? t("loading")}</p>;
  return (
    <section class="curves" aria-label={t("curves")}>
      <h3>{t("curves")}</h3>
      {[...EDGE_METRICS, ...NODE_METRICS].map((name) => (
        <Plot key={name} name={name} series={series} />
      ))}
    </section>
  );
}
