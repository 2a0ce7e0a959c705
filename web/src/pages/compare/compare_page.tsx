// SPDX-License-Identifier: Apache-2.0
// Two runs, steps or windows held against each other: on one map, on two, and as a table.
import { useMemo, useRef, useState } from "preact/hooks";
import type { ZoomTransform } from "d3-zoom";
import { getMap } from "../../api/client";
import { getComparison, getRunMap, getRuns } from "../../api/runs";
import type { Comparison, CompareSide, RunList } from "../../api/run_types";
import type { Snapshot } from "../../api/types";
import { span, when } from "../../base/day";
import { clock, percent } from "../../base/format";
import { language, t } from "../../base/locale";
import { formatMetric } from "../../base/metric";
import { href, route, setQuery } from "../../base/route";
import { MapHost } from "../../map/map_host";
import type { MapView } from "../../map/view";
import { PlainHead } from "../../widgets/head";
import { Icon, StateIcon } from "../../widgets/icon";
import { useLoaded } from "../../widgets/loaded";
import { Legend } from "../map/legend";
import { AllMetrics, ChangedTable, NewAndGone } from "./changed_table";
import { Choose } from "./choose";
import { type ChangeTone, edgeKey, MARKS, nodeKey, overlayScene, sideScene } from "./overlay";
import { parseRef } from "./refs";
import { c, metricWord } from "./words";
import "../runs/runs.css";
import "../run/run.css";
import "./compare.css";

const PICKABLE = ["latency_p95", "latency_p50", "latency_p99", "error_share", "connect_failure_share", "connect_latency", "request_rate", "traffic"];

const TONE_WORD: Record<ChangeTone, "worse" | "better" | "different" | "same" | "new" | "vanished"> = {
  worse: "worse", better: "better", changed: "different", same: "same", new: "new", vanished: "vanished",
};

function toneWord(tone: ChangeTone): string {
  return c(TONE_WORD[tone]);
}

function mapOf(side: CompareSide, signal: AbortSignal): Promise<Snapshot> {
  if (side.run === null) return getMap({ from: side.from, to: side.to }, signal);
  return getRunMap(side.run, { from: side.from, to: side.to }, signal);
}

function ChangeLegend() {
  return (
    <section class="legend change-legend" aria-label={t("legend")}>
      <ul>
        {(Object.keys(MARKS) as ChangeTone[]).map((tone) => (
          <li key={tone}>
            <svg class={`change-mark ${tone}`} width="12" height="12" viewBox="-7 -7 14 14" aria-hidden="true">
              <path d={MARKS[tone]} />
            </svg>
            <svg width="26" height="10" aria-hidden="true">
              <path d="M0 5H26" class={`edge ${tone}`} stroke-width={tone === "same" ? 2 : 5} />
              {tone === "better" && <path d="M0 5H26" class="core" stroke-width="1.700" />}
            </svg>
            {c(TONE_WORD[tone])}
          </li>
        ))}
        <li>
          <svg width="26" height="14" aria-hidden="true">
            <path d="M0 7H26" class="halo ghost" stroke-width="11" />
            <path d="M0 7H26" class="edge same" stroke-width="3" />
          </svg>
          {c("was")}
        </li>
      </ul>
    </section>
  );
}

// The server counts steps from 0, as its addresses do; people from 1, as the choice above.
function sideName(side: CompareSide): string {
  if (side.step === null) return side.label || side.ref;
  const name = side.label.replace(/, step \d+$/, "");
  return `${name || side.ref}, ${c("step_n", { n: side.step + 1 })}`;
}

function SideName({ letter, side }: { letter: "A" | "B"; side: CompareSide }) {
  return (
    <p class="side-name">
      <b class="letter">{letter}</b> {sideName(side)}{" "}
      <span class="muted tabular">
        {when(side.from)}–{clock(side.to)}, {span(side.seconds)}, {formatMetric("request_rate", side.offered_rate)}
      </span>
    </p>
  );
}

interface MapsProps {
  comparison: Comparison;
  mode: "overlay" | "split";
  metric: string | null;
  picked: string | null;
  onPick: (key: string | null) => void;
}

function Maps({ comparison, mode, metric, picked, onPick }: MapsProps) {
  const ends = `${comparison.a.run} ${comparison.a.from} ${comparison.a.to} ${comparison.b.run} ${comparison.b.from} ${comparison.b.to}`;
  const { value: a } = useLoaded<Snapshot>((signal) => mapOf(comparison.a, signal), `a ${ends}`);
  const { value: b } = useLoaded<Snapshot>((signal) => mapOf(comparison.b, signal), `b ${ends}`);
  const spoken = language.value;
  const overlay = useMemo(() => overlayScene(comparison, { a, b }, metric, toneWord), [comparison, a, b, metric, spoken]);
  const left = useMemo(() => sideScene(comparison, a, "a", { text: t }, c("absent")), [comparison, a, spoken]);
  const right = useMemo(() => sideScene(comparison, b, "b", { text: t }, c("absent")), [comparison, b, spoken]);
  const views = { a: useRef<MapView | null>(null), b: useRef<MapView | null>(null) };
  if (mode === "overlay") {
    return (
      <MapHost key="overlay" scene={overlay} selected={picked} label={t("map_label", { n: overlay.nodes.length })} onOpen={onPick}>
        <ChangeLegend />
      </MapHost>
    );
  }
  const follow = (other: "a" | "b") => (transform: ZoomTransform) => views[other].current?.follow(transform);
  const light = (other: "a" | "b") => (key: string | null) => views[other].current?.hover(key);
  return (
    <div class="split">
      <section aria-label={c("map_of", { side: "A" })}>
        <SideName letter="A" side={comparison.a} />
        <div class="split-map">
          <MapHost key="a" scene={left} selected={picked} label={c("map_of", { side: "A" })} onOpen={onPick} view={views.a} onMove={follow("b")} onHover={light("b")} />
        </div>
      </section>
      <section aria-label={c("map_of", { side: "B" })}>
        <SideName letter="B" side={comparison.b} />
        <div class="split-map">
          <MapHost key="b" scene={right} selected={picked} label={c("map_of", { side: "B" })} onOpen={onPick} view={views.b} onMove={follow("a")} onHover={light("a")} />
        </div>
      </section>
      <div class="split-legend">
        <Legend />
      </div>
    </div>
  );
}

function Sentence({ comparison }: { comparison: Comparison }) {
  const { verdict, sentence, load, ranked } = comparison;
  const worse = ranked.some((row) => row.direction === "worse");
  const tone = verdict === "same" ? "calm" : verdict === "changed" && worse ? "trouble" : "unknown";
  return (
    <section class={`banner ${tone}`} aria-label={c(`verdict_${verdict}`)}>
      <div class="banner-row">
        <StateIcon state={verdict === "same" ? "ok" : verdict === "changed" ? (worse ? "over" : "ok") : "nodata"} tone={worse ? "origin" : "ok"} size={18} />
        <h2>{c(`verdict_${verdict}`)}</h2>
        <p class="sentence" lang="en">
          {sentence}
        </p>
        {load.matched && <span class="fact">{c("load_same")}</span>}
      </div>
      {(!load.matched || comparison.warnings.length > 0) && (
        <ul class="warnings">
          {!load.matched && (
            <li>
              <StateIcon state="near" size={13} />
              <b>{c("load_differs", { p: percent(Math.abs(load.change ?? 0)) })}</b>
              <span class="tabular">
                A {formatMetric("request_rate", load.a)}, B {formatMetric("request_rate", load.b)}
              </span>
              <span lang="en">{load.text}</span>
            </li>
          )}
          {comparison.warnings.filter((text) => text !== load.text).map((text) => (
            <li key={text} lang="en">
              <StateIcon state="near" size={13} />
              {text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Side({ comparison, picked, onPick }: { comparison: Comparison; picked: string | null; onPick: (key: string | null) => void }) {
  const edge = comparison.edges.find((e) => edgeKey(e) === picked);
  const service = comparison.services.find((s) => nodeKey(s.service) === picked);
  const item = edge ?? service;
  const title = edge === undefined ? (service?.service ?? "") : `${edge.client} → ${edge.server}`;
  return (
    <aside class="side compare-side" aria-label={c("changed_most")}>
      {item !== undefined && (
        <div class="picked-box">
          <button type="button" class="tool small close" onClick={() => onPick(null)} aria-label={t("close")}>
            <Icon name="close" size={13} />
          </button>
          <AllMetrics title={title} item={item} alpha={comparison.alpha} />
        </div>
      )}
      <ChangedTable comparison={comparison} picked={picked} onPick={onPick} />
      <NewAndGone comparison={comparison} onPick={onPick} />
    </aside>
  );
}

export function ComparePage() {
  const { query } = route.value;
  const { a, b } = query;
  const mode = query["mode"] === "split" ? "split" : "overlay";
  const metric = PICKABLE.find((name) => name === query["metric"]) ?? null;
  const [picked, setPicked] = useState<string | null>(null);
  const { value: list } = useLoaded<RunList>((signal) => getRuns({ limit: 100 }, signal), "runs");
  const ready = parseRef(a) !== null && parseRef(b) !== null;
  const { value: comparison, error } = useLoaded<Comparison>(
    ready ? (signal) => getComparison(a ?? "", b ?? "", undefined, signal) : null,
    `${a} ${b}`,
  );
  const runs = list?.runs ?? [];
  const pick = (key: string | null) => setPicked(key === picked ? null : key);
  return (
    <div class="page compare-page">
      <PlainHead />
      <section class="run-head" aria-label={c("title")}>
        <a class="link" href={href.runs()}>
          <Icon name="left" size={12} />
          {c("back")}
        </a>
        <h2>{c("title")}</h2>
        <Choose side={c("side_a")} letter="A" value={a} runs={runs} onChange={(ref) => setQuery({ a: ref }, true)} />
        <button type="button" class="tool" aria-label={c("swap")} title={c("swap")} onClick={() => setQuery({ a: b, b: a }, true)}>
          <Icon name="swap" size={14} />
        </button>
        <Choose side={c("side_b")} letter="B" value={b} runs={runs} onChange={(ref) => setQuery({ b: ref }, true)} />
        <div class="spacer" />
        {mode === "overlay" && (
          <label class="select">
            <span class="hidden">{c("show")}</span>
            <select value={metric ?? ""} onChange={(event) => setQuery({ metric: event.currentTarget.value })}>
              <option value="">{c("all_metrics")}</option>
              {PICKABLE.map((name) => (
                <option key={name} value={name}>
                  {metricWord(name)}
                </option>
              ))}
            </select>
          </label>
        )}
        <div class="modes" role="group" aria-label={c("show")}>
          {(["overlay", "split"] as const).map((name) => (
            <button type="button" key={name} class="tool" aria-pressed={mode === name} onClick={() => setQuery({ mode: name === "overlay" ? null : name }, true)}>
              {c(name)}
            </button>
          ))}
        </div>
      </section>
      {comparison !== null && ready && <Sentence comparison={comparison} />}
      <main class="ground" aria-label={t("map")}>
        {comparison !== null && ready ? (
          <Maps comparison={comparison} mode={mode} metric={metric} picked={picked} onPick={pick} />
        ) : (
          <div class="empty">
            <h2>{!ready ? c("title") : error === null ? t("loading") : c("verdict_not_enough_data")}</h2>
            <p>{!ready ? c("need_two") : error === null ? "" : c("failed", { why: error })}</p>
          </div>
        )}
        {comparison !== null && ready && error !== null && (
          <div class="notices" role="alert">
            <p class="notice bad">{c("failed", { why: error })}</p>
          </div>
        )}
      </main>
      {/* Two maps need the width: the table comes back with a selection. */}
      {comparison !== null && ready && (mode === "overlay" || picked !== null) && <Side comparison={comparison} picked={picked} onPick={pick} />}
    </div>
  );
}
