// SPDX-License-Identifier: Apache-2.0
// What changed most, the heaviest first: value before and after, by how much and how surely.
import type { Comparison, Delta, EdgeDelta, Ranked, ServiceDelta } from "../../api/run_types";
import { percent } from "../../base/format";
import { changeText, edgeKey, MARKS, rankedKey } from "./overlay";
import { barPlace, bound, formatChangeValue, isShare, movedBy } from "./values";
import { c, metricWord } from "./words";

function Head({ first, alpha }: { first: string; alpha: number }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        <th scope="col">A → B</th>
        <th scope="col" title={c("interval_title", { p: percent(1 - alpha) })}>
          {c("change")}
        </th>
        <th scope="col">
          <span class="hidden">q</span>
        </th>
      </tr>
    </thead>
  );
}

function nameOf(row: Ranked): string {
  return row.service ?? `${row.client ?? "?"} → ${row.server ?? "?"}`;
}

export function ChangeMark({ direction }: { direction: Delta["direction"] }) {
  const tone = direction === "different" ? "changed" : direction === "none" ? "same" : direction;
  return (
    <svg class={`change-mark ${tone}`} width="11" height="11" viewBox="-7 -7 14 14" aria-hidden="true">
      <path d={MARKS[tone]} />
    </svg>
  );
}

function place(value: number): number {
  return 50 + barPlace(value) * 48;
}

// The interval as a bar around "no change"; a doubling stands half-way to the right.
export function IntervalBar({ low, high, change, tone }: { low: number | null; high: number | null; change: number | null; tone: string }) {
  if (change === null) return <span class="interval" aria-hidden="true" />;
  const from = place(low ?? change);
  const to = place(high ?? change);
  return (
    <span class="interval" aria-hidden="true">
      <i class="zero" />
      <i class={`range ${tone}`} style={{ left: `${Math.min(from, to)}%`, width: `${Math.max(1, Math.abs(to - from))}%` }} />
      <i class={`point ${tone}`} style={{ left: `${place(change)}%` }} />
    </span>
  );
}

function chance(q: number | null): string {
  if (q === null) return "";
  return q < 0.001 ? "q < 0.001" : c("chance", { q: q.toFixed(3) });
}

function Row({ row, picked, onPick }: { row: Ranked; picked: boolean; onPick: () => void }) {
  const delta: Delta = {
    a: row.a, b: row.b, change: row.change, low: row.low, high: row.high, p: null, q: row.q, significant: true, direction: row.direction,
  };
  const direction = row.direction === "none" ? "different" : row.direction;
  const moved = movedBy(row.metric, row.a, row.b, row.change);
  return (
    <tr class={picked ? "picked" : ""} onClick={onPick} title={row.text}>
      <th scope="row">
        <button type="button" class="link" onClick={onPick}>
          {nameOf(row)}
        </button>
        <small class="muted">{metricWord(row.metric)}</small>
      </th>
      <td class="tabular values">
        {formatChangeValue(row.metric, row.a)} <span class="muted">→</span> <b>{formatChangeValue(row.metric, row.b)}</b>
      </td>
      <td class={`change ${direction}`}>
        <span class="tabular">
          <ChangeMark direction={row.direction} /> {isShare(row.metric) ? bound(moved, row.metric) : changeText(delta)}
          <span class="hidden">{c(direction)}</span>
        </span>
        <IntervalBar low={row.low} high={row.high} change={moved} tone={direction} />
        <small class="muted tabular">
          {row.low !== null && row.high !== null && c("interval", { low: bound(row.low, row.metric), high: bound(row.high, row.metric) })}
        </small>
      </td>
      <td class="tabular sure">
        <small class="muted" title={c("chance_title")}>
          {chance(row.q)}
        </small>
      </td>
    </tr>
  );
}

export interface ChangedTableProps {
  comparison: Comparison;
  picked: string | null;
  onPick: (key: string) => void;
}

export function ChangedTable({ comparison, picked, onPick }: ChangedTableProps) {
  const { ranked, alpha, tests } = comparison;
  return (
    <section aria-label={c("changed_most")}>
      <h3>{c("changed_most")}</h3>
      <p class="hint tabular">{c("significant_only", { n: tests, p: percent(alpha) })}</p>
      {ranked.length === 0 ? (
        <p>{c("changed_none")}</p>
      ) : (
        <table class="metrics changed">
          <Head first={c("what")} alpha={alpha} />
          <tbody>
            {ranked.map((row) => (
              <Row key={`${rankedKey(row)} ${row.metric}`} row={row} picked={rankedKey(row) === picked} onPick={() => onPick(rankedKey(row))} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function NewAndGone({ comparison, onPick }: { comparison: Comparison; onPick: (key: string) => void }) {
  const edges = comparison.edges.filter((e) => e.presence !== "both");
  if (edges.length === 0) return null;
  return (
    <section aria-label={c("new_gone")}>
      <h3>{c("new_gone")}</h3>
      <ul class="new-gone">
        {edges.map((edge) => {
          const tone = edge.presence === "new" ? "new" : "vanished";
          return (
            <li key={edgeKey(edge)}>
              <svg class={`change-mark ${tone}`} width="11" height="11" viewBox="-7 -7 14 14" aria-hidden="true">
                <path d={MARKS[tone]} />
              </svg>
              <button type="button" class="link" onClick={() => onPick(edgeKey(edge))}>
                {edge.client} → {edge.server}
              </button>
              <span class="muted">
                {c(tone)}, {edge.protocol}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

// Every metric of what is selected, changed or not.
export function AllMetrics({ title, item, alpha }: { title: string; item: EdgeDelta | ServiceDelta; alpha: number }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <table class="metrics changed">
        <Head first={c("metric")} alpha={alpha} />
        <tbody>
          {Object.entries(item.metrics).map(([metric, delta]) => {
            const direction = delta.significant ? delta.direction : "none";
            const word = direction === "none" ? "same" : direction;
            const moved = movedBy(metric, delta.a, delta.b, delta.change);
            return (
              <tr key={metric}>
                <th scope="row">{metricWord(metric)}</th>
                <td class="tabular values">
                  {formatChangeValue(metric, delta.a)} <span class="muted">→</span> {formatChangeValue(metric, delta.b)}
                </td>
                <td class={`change ${direction}`}>
                  <span class="tabular">
                    <ChangeMark direction={direction} /> {isShare(metric) ? bound(moved, metric) : delta.change === null ? "–" : changeText(delta)}
                    <span class="hidden">{c(word)}</span>
                  </span>
                  <IntervalBar low={delta.low} high={delta.high} change={moved} tone={direction} />
                </td>
                <td class="tabular sure">
                  <small class="muted">{chance(delta.q)}</small>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
