// SPDX-License-Identifier: Apache-2.0
// The same map as tables: services and the calls between them, sortable by every column.
import { useState } from "preact/hooks";
import { METRICS, type State } from "../../api/types";
import { t } from "../../base/locale";
import { formatMetric } from "../../base/metric";
import { metricName } from "../../panels/limit_editor";
import type { SceneEdge, SceneNode } from "../../map/scene";
import { StateIcon } from "../../widgets/icon";
import { type Cell, type Order, sortRows } from "../../widgets/sorting";
import { scene, selectEdge, selectNode, selected, view } from "./store";

const RANK: Record<State, number> = { over: 4, near: 3, ok: 2, nodata: 1, idle: 0 };

interface Column<T> {
  id: string;
  name: string;
  cell: (row: T) => Cell;
  show?: (row: T) => string;
  numeric?: boolean;
}

interface SortedTableProps<T> {
  caption: string;
  columns: Column<T>[];
  rows: readonly T[];
  name: (row: T) => string;
  state: (row: T) => State;
  tone: (row: T) => SceneNode["tone"];
  metricState: (row: T, metric: string) => State | undefined;
  picked: (row: T) => boolean;
  onPick: (row: T) => void;
}

function SortedTable<T>(props: SortedTableProps<T>) {
  const { columns } = props;
  const [by, setBy] = useState("state");
  const [order, setOrder] = useState<Order>("descending");
  const column = columns.find((c) => c.id === by);
  const rows = sortRows(props.rows, (row) => column?.cell(row) ?? null, order, props.name);
  const choose = (next: Column<T>) => {
    if (next.id === by) setOrder(order === "ascending" ? "descending" : "ascending");
    else {
      setBy(next.id);
      setOrder(next.numeric || next.id === "state" ? "descending" : "ascending");
    }
  };
  return (
    <table class="big">
      <caption>
        {props.caption} <span class="muted tabular">{t("rows", { n: rows.length })}</span>
      </caption>
      <thead>
        <tr>
          {columns.map((c) => (
            <th key={c.id} scope="col" class={c.numeric ? "number" : ""} aria-sort={c.id === by ? order : "none"}>
              <button type="button" onClick={() => choose(c)}>
                {c.name}
                <span aria-hidden="true">{c.id === by ? (order === "ascending" ? " ↑" : " ↓") : ""}</span>
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={props.name(row)} class={props.picked(row) ? "picked" : ""} onClick={() => props.onPick(row)}>
            {columns.map((c, i) => {
              const text = c.show?.(row) ?? String(c.cell(row) ?? "");
              if (i === 0) {
                return (
                  <th key={c.id} scope="row">
                    <button type="button" class="link" onClick={() => props.onPick(row)}>
                      {text}
                    </button>
                  </th>
                );
              }
              if (c.id === "state") {
                return (
                  <td key={c.id}>
                    <span class={`state-cell ${props.tone(row)}`}>
                      <StateIcon state={props.state(row)} tone={props.tone(row)} size={11} /> {text}
                    </span>
                  </td>
                );
              }
              const state = props.metricState(row, c.id);
              return (
                <td key={c.id} class={`${c.numeric ? "number tabular" : ""} ${state === undefined ? "" : `v-${state}`}`}>
                  {(state === "over" || state === "near") && <StateIcon state={state} size={10} />}
                  {text}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function metricColumns<T extends SceneNode | SceneEdge>(): Column<T>[] {
  return METRICS.map((metric) => ({
    id: metric,
    name: metricName(metric),
    numeric: true,
    cell: (row: T) => row.source.metrics[metric] ?? null,
    show: (row: T) => formatMetric(metric, row.source.metrics[metric]),
  }));
}

// Within one state the worse first.
function stateColumn<T extends SceneNode | SceneEdge>(): Column<T> {
  return {
    id: "state",
    name: t("state"),
    cell: (row: T) => RANK[row.state] * 1e6 + Math.min(9e5, row.source.worst?.severity ?? 0),
    show: (row: T) => t(`state_${row.state}`),
  };
}

const judged = (row: SceneNode | SceneEdge, metric: string) => row.source.states[metric];

export function TableView() {
  const current = scene.value;
  if (current === null) return null;
  const names = new Map(current.nodes.map((n) => [n.key, n.name]));
  const wish = view.value.find.trim().toLowerCase();
  const has = (text: string) => text.toLowerCase().includes(wish);
  const what = selected.value;
  const nodes = current.nodes.filter((n) => has(n.name));
  const edges = current.edges.filter((e) => has(names.get(e.from) ?? "") || has(names.get(e.to) ?? ""));
  return (
    <div class="tables" tabindex={0} role="region" aria-label={t("table")}>
      <SortedTable<SceneNode>
        caption={t("services")}
        rows={nodes}
        name={(row) => `${row.name} ${row.key}`}
        state={(row) => row.state}
        tone={(row) => row.tone}
        metricState={judged}
        picked={(row) => what?.kind === "node" && what.node.id === row.source.id}
        onPick={(row) => selectNode(row.source)}
        columns={[
          { id: "service", name: t("service"), cell: (row) => row.name },
          stateColumn<SceneNode>(),
          { id: "replicas", name: t("replicas"), numeric: true, cell: (row) => row.replicas },
          ...metricColumns<SceneNode>(),
        ]}
      />
      <SortedTable<SceneEdge>
        caption={t("edges")}
        rows={edges}
        name={(row) => `${names.get(row.from)} ${names.get(row.to)} ${row.key}`}
        state={(row) => row.state}
        tone={(row) => row.tone}
        metricState={judged}
        picked={(row) => what?.kind === "edge" && what.edge.id === row.source.id}
        onPick={(row) => selectEdge(row.source)}
        columns={[
          { id: "client", name: t("client"), cell: (row) => `${names.get(row.from)} → ${names.get(row.to)}` },
          stateColumn<SceneEdge>(),
          { id: "protocol", name: t("protocol"), cell: (row) => row.source.protocol },
          ...metricColumns<SceneEdge>(),
        ]}
      />
    </div>
  );
}
