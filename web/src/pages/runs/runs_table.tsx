// SPDX-License-Identifier: Apache-2.0
// The runs as a table, sortable by every column; a row leads to its run.
import { useState } from "preact/hooks";
import type { Run, RunDetail } from "../../api/run_types";
import { span, when } from "../../base/day";
import { count, percent } from "../../base/format";
import { formatMetric } from "../../base/metric";
import { goTo, href, setQuery } from "../../base/route";
import { type Cell, type Order, sortRows } from "../../widgets/sorting";
import { Chain, Labels, Met, OriginMark, StateBadge } from "./badges";
import { errorShare, lengthOf, plateausOf } from "./chain";
import { useDetails } from "./details";
import { w } from "./words";

type Column = "name" | "state" | "began" | "duration" | "load" | "p95" | "errors" | "verdict" | "objectives";

const COLUMNS: { id: Column; numeric: boolean; cell: (run: Run) => Cell }[] = [
  { id: "name", numeric: false, cell: (run) => run.name.toLowerCase() },
  { id: "state", numeric: false, cell: (run) => run.state },
  { id: "began", numeric: true, cell: (run) => run.begin },
  { id: "duration", numeric: true, cell: (run) => lengthOf(run) },
  { id: "load", numeric: true, cell: (run) => run.load.offered_rate },
  { id: "p95", numeric: true, cell: (run) => run.load.latency_p95 },
  { id: "errors", numeric: true, cell: (run) => run.load.errors },
  { id: "verdict", numeric: false, cell: (run) => run.verdict.bottleneck ?? (run.verdict.status === "none" ? "" : null) },
  { id: "objectives", numeric: false, cell: (run) => (run.objectives_met === null ? null : run.objectives_met ? "b" : "a") },
];

const HEADS: Record<Column, Parameters<typeof w>[0]> = {
  name: "name", state: "filter_state", began: "began", duration: "duration", load: "load", p95: "p95",
  errors: "errors", verdict: "verdict", objectives: "objectives",
};

function Load({ run, detail }: { run: Run; detail: RunDetail | null }) {
  const plateaus = detail === null ? [] : plateausOf(detail.steps);
  const rates = plateaus.length > 0 ? plateaus.map((p) => count(p.offered)) : [count(run.load.offered_rate)];
  const shown = rates.length > 5 ? [...rates.slice(0, 2), "…", ...rates.slice(-2)] : rates;
  return (
    <>
      <span class="tabular">{`${shown.join(" → ")}/s`}</span>
      <small class="muted">{run.steps === 1 ? w("step_one") : w("steps_n", { n: run.steps })}</small>
    </>
  );
}

function Row({ run, detail, picked, onPick }: { run: Run; detail: RunDetail | null; picked: boolean; onPick: () => void }) {
  const share = errorShare(run.load.requests, run.load.errors);
  const open = () => goTo(href.run(run.id));
  return (
    <tr class={picked ? "picked" : ""} onClick={open} data-run={run.id}>
      <td class="pick" onClick={(event) => event.stopPropagation()}>
        <label>
          <input type="checkbox" checked={picked} onChange={onPick} aria-label={w("select_run", { name: run.name })} />
        </label>
      </td>
      <th scope="row">
        <a href={href.run(run.id)} onClick={(event) => event.stopPropagation()}>
          {run.name}
        </a>
        <span class="under">
          <OriginMark run={run} />
          <Labels labels={run.labels} onPick={(label) => setQuery({ label })} />
        </span>
      </th>
      <td>
        <StateBadge run={run} />
      </td>
      <td class="number tabular">{when(run.begin)}</td>
      <td class="number tabular">{span(lengthOf(run))}</td>
      <td class="number two">
        <Load run={run} detail={detail} />
      </td>
      <td class="number tabular">{formatMetric("latency", run.load.latency_p95)}</td>
      <td class="number two">
        <span class="tabular">{count(run.load.errors)}</span>
        {share !== null && share > 0 && <small class="muted tabular">{percent(share)}</small>}
      </td>
      <td class="wide" title={run.verdict.sentence}>
        <Chain run={run} detail={detail} />
      </td>
      <td>
        <Met met={run.objectives_met} />
      </td>
    </tr>
  );
}

export function RunsTable({ runs, picked, onPick }: { runs: readonly Run[]; picked: readonly string[]; onPick: (id: string) => void }) {
  const [by, setBy] = useState<Column>("began");
  const [order, setOrder] = useState<Order>("descending");
  const detailOf = useDetails(runs);
  const column = COLUMNS.find((c) => c.id === by);
  const rows = sortRows(runs, (run) => column?.cell(run) ?? null, order, (run) => run.id);
  const choose = (next: Column, numeric: boolean) => {
    if (next === by) setOrder(order === "ascending" ? "descending" : "ascending");
    else {
      setBy(next);
      setOrder(numeric ? "descending" : "ascending");
    }
  };
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-label={w("runs")}>
      <table class="big runs">
        <thead>
          <tr>
            <td class="pick">
              <span class="hidden">{w("compare")}</span>
            </td>
            {COLUMNS.map((c) => (
              <th key={c.id} scope="col" class={c.numeric ? "number" : ""} aria-sort={c.id === by ? order : "none"}>
                <button type="button" onClick={() => choose(c.id, c.numeric)}>
                  {w(HEADS[c.id])}
                  <span aria-hidden="true">{c.id === by ? (order === "ascending" ? " ↑" : " ↓") : ""}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((run) => (
            <Row key={run.id} run={run} detail={detailOf(run.id)} picked={picked.includes(run.id)} onPick={() => onPick(run.id)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
